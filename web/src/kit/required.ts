import type { Field, Values } from '../api/types';
import { holds } from './expression';
import { isFile } from './fields';
import { isBlank } from './format';

export function isRequired(field: Field, values: Values): boolean {
  return Boolean(field.required) || holds(field.required_when, values, false);
}

export function isVisible(field: Field, values: Values): boolean {
  return holds(field.visible_when, values, true);
}

/**
 * Whether a person may not change it now: neither as the record (or row) was nor as it stands in the inputs. `before` is what
 * is stored; there is none of a new one.
 */
export function isReadOnly(field: Field, before: Values | undefined, values: Values): boolean {
  if (before && field.immutable) return true;
  return holds(field.read_only_when, values, false) && (!before || holds(field.read_only_when, before, false));
}

const CHOSEN = new Set<Field['type']>(['choice', 'multi_choice', 'ref', 'ref_list', 'boolean', 'date', 'date_time']);

/** What has to be done to give the field a value. */
function doing(field: Field): string {
  if (CHOSEN.has(field.type)) return '请选择';
  return isFile(field.type) ? '请上传' : '请填写';
}

/** What is plainly missing or too short, before the server is asked. The server checks everything. */
export function missingIn(fields: Record<string, Field>, values: Values): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, field] of Object.entries(fields)) {
    if (!isVisible(field, values)) continue;
    const value = values[name];
    const text = typeof value === 'string' ? value.trim() : null;
    if (isBlank(value) || text === '') {
      if (isRequired(field, values)) found[name] = `${doing(field)}${field.title}`;
    } else if (text !== null && field.length_min && [...text].length < field.length_min) {
      found[name] = `${field.title}至少 ${field.length_min} 个字，现有 ${[...text].length} 个`;
    }
  }
  return found;
}
