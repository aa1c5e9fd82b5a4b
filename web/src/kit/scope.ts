import type { Entity, Session } from '../api/types';

/** Fields that have one value in everything the caller sees, because their post sees nothing else. */
export function sameForAll(entity: Entity | undefined, session: Pick<Session, 'post'> | null): Set<string> {
  const scope = entity?.scope;
  const level = session?.post?.level;
  if (!scope || scope.shared || !level) return new Set();
  const fields = {
    district: [scope.district],
    subdistrict: [scope.district, scope.subdistrict],
    operator: [scope.operator],
  }[level] ?? [];
  return new Set(fields.filter((field): field is string => Boolean(field)));
}
