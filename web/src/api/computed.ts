import type { Entity, Field } from './types';

/** A computed field as pages use it: of the type of its result, filled in by the platform alone. */
function shown(field: Field): Field {
  if (field.type !== 'computed' || !field.result) return field;
  return { ...field, type: field.result, system: true, computed: field.stored ? 'stored' : 'on_reading' };
}

/** The entity and its child tables with their computed fields as pages use them. */
export function withComputed(entity: Entity): Entity {
  const fields = Object.fromEntries(Object.entries(entity.fields).map(([name, field]) => [name, shown(field)]));
  const children = entity.children && Object.fromEntries(Object.entries(entity.children).map(([name, child]) => [name, withComputed(child)]));
  return { ...entity, fields, children };
}
