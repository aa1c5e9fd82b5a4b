import type { Entity, Field, Json } from '../../api/types';
import { formatTime } from '../../kit/format';

/** The field a change is about: `status`, or `members[0].id_no` in a child table. */
export function fieldAt(entity: Entity, path: string): Field | undefined {
  const match = /^(\w+)\[\d+\]\.(\w+)$/.exec(path);
  return match ? entity.children?.[match[1]!]?.fields[match[2]!] : entity.fields[path];
}

/** A value of the history in words. The server words codes, references, files and amounts; answers of
 * registers have no words. */
export function wordsOf(field: Field | undefined, value: Json | undefined): string | null {
  if (value === null || value === undefined || value === '' || typeof value === 'object') return null;
  if (field?.type === 'json') return null;
  if (typeof value === 'boolean') return value ? '是' : '否';
  const text = field?.type === 'date_time' ? formatTime(String(value)) : String(value);
  return field?.unit ? `${text} ${field.unit}` : text;
}
