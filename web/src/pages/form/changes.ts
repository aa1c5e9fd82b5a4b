import type { Entity, Field, FormPage, Json, Values } from '../../api/types';
import { isMasked, rowsOf } from '../../kit/fields';
import { isVisible, missingIn } from '../../kit/required';

const same = (a: Json | undefined, b: Json | undefined) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

export const cellKey = (table: string, row: number, field: string) => `${table}[${row}].${field}`;

/** Fields a person may fill in here: a field set by the platform is shown elsewhere, not asked for. */
export function writable(entity: Entity, names: string[]): [string, Field][] {
  return names
    .map((name) => [name, entity.fields[name]] as const)
    .filter((pair): pair is [string, Field] => Boolean(pair[1] && !pair[1].system && !pair[1].read_only));
}

export function defaultsOf(entity: Entity, names = Object.keys(entity.fields)): Values {
  const found: Values = {};
  for (const name of names) {
    const value = entity.fields[name]?.default;
    if (value !== undefined && value !== null) found[name] = value;
  }
  return found;
}

function rowOut(child: Entity, row: Values, before: Values | undefined): Values {
  const out: Values = typeof row.id === 'string' ? { id: row.id } : {};
  for (const [name, field] of Object.entries(child.fields)) {
    if (field.system || field.read_only || name === child.parent?.field || !(name in row)) continue;
    // A masked text that stands as it came is not the value: leave it out and it stays.
    if (before && isMasked(before, name) && same(row[name], before[name])) continue;
    if (!before && (row[name] === null || row[name] === undefined)) continue;
    out[name] = row[name];
  }
  return out;
}

/** What to send: the changed fields only, and child tables that changed as a whole. */
export function changesOf(page: FormPage, entity: Entity, before: Values, now: Values): Values {
  const out: Values = {};
  for (const section of page.sections) {
    for (const [name] of writable(entity, section.fields ?? [])) {
      if (!same(before[name], now[name])) out[name] = now[name] ?? null;
    }
    const table = section.children;
    const child = table ? entity.children?.[table] : undefined;
    if (!table || !child || same(before[table], now[table])) continue;
    const known = new Map(rowsOf(before, table).map((row) => [row.id, row]));
    out[table] = rowsOf(now, table).map((row) => rowOut(child, row, known.get(row.id))) as unknown as Json;
  }
  return out;
}

/** Everything plainly missing, by field; rows by `members[1].id_no`. */
export function missingInForm(page: FormPage, entity: Entity, values: Values): Record<string, string> {
  const found: Record<string, string> = {};
  for (const section of page.sections) {
    if (!isVisible({ title: '', type: 'text', visible_when: section.visible_when }, values)) continue;
    Object.assign(found, missingIn(Object.fromEntries(writable(entity, section.fields ?? [])), values));
    const child = section.children ? entity.children?.[section.children] : undefined;
    if (!section.children || !child) continue;
    const fields = Object.fromEntries(writable(child, columnsOf(section.columns, child)));
    rowsOf(values, section.children).forEach((row, index) => {
      for (const [name, message] of Object.entries(missingIn(fields, row))) found[cellKey(section.children!, index, name)] = message;
    });
  }
  return found;
}

export function columnsOf(columns: string[] | undefined, child: Entity): string[] {
  return columns?.length ? columns : Object.keys(child.fields).filter((name) => name !== child.parent?.field);
}

/** Errors after a row was removed: those of the row go, those below move up. */
export function errorsWithoutRow(errors: Record<string, string>, table: string, row: number): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [key, message] of Object.entries(errors)) {
    const match = /^(\w+)\[(\d+)\](.*)$/.exec(key);
    if (!match || match[1] !== table || Number(match[2]) < row) kept[key] = message;
    else if (Number(match[2]) > row) kept[`${table}[${Number(match[2]) - 1}]${match[3]}`] = message;
  }
  return kept;
}
