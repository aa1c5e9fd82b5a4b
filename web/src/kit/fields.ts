import { useQueries, useQuery } from '@tanstack/react-query';

import { dictionaryQuery, entityQuery } from '../api/queries';
import type { Dictionary, Entity, Field, Json, Values } from '../api/types';
import { isBlank } from './format';

/** In place of a field: working days left of the process that runs on a record. */
export const COUNTDOWN = '$countdown';

/** Fields every record has, beside those of its definition. */
const BUILT_IN: Record<string, Field> = {
  [COUNTDOWN]: { title: '剩余工作日', type: 'integer', system: true },
  created_at: { title: '创建时间', type: 'date_time', system: true },
  updated_at: { title: '更新时间', type: 'date_time', system: true },
};

const FILES = new Set<Field['type']>(['file', 'image', 'video']);

export const isFile = (type: Field['type']) => FILES.has(type);

export type Fields = Record<string, Field | undefined>;

/** Where following a path stops for want of an entity's definition. */
function walk(path: string, entity: Entity | undefined, known: Map<string, Entity>): { field?: Field; wants?: string } {
  let at = entity;
  const steps = path.split('.');
  for (const [index, step] of steps.entries()) {
    const field = at?.fields[step] ?? BUILT_IN[step];
    if (!field || index === steps.length - 1) return { field };
    if (field.type !== 'ref' || !field.to) return {};
    at = known.get(field.to);
    if (!at) return { wants: field.to };
  }
  return {};
}

/** The fields at the ends of paths through references, e.g. `case.district`. */
export function useFieldPaths(entity: Entity | undefined, paths: string[]): Fields {
  // Each answer may name the next entity, so two rounds serve paths of three names; longer ones show no title.
  const near = useEntities(targetsWanted(entity, paths, new Map()));
  const far = useEntities(targetsWanted(entity, paths, near));
  const known = new Map([...near, ...far]);
  return Object.fromEntries(paths.map((path) => [path, walk(path, entity, known).field]));
}

function targetsWanted(entity: Entity | undefined, paths: string[], known: Map<string, Entity>): string[] {
  const wants = paths.map((path) => walk(path, entity, known).wants);
  return [...new Set(wants.filter((key): key is string => Boolean(key)))];
}

function useEntities(keys: string[]): Map<string, Entity> {
  const answers = useQueries({ queries: keys.map((key) => entityQuery(key)) });
  const found = new Map<string, Entity>();
  answers.forEach(({ data }, index) => {
    if (data) found.set(keys[index]!, data);
  });
  return found;
}

export function useDictionary(key: string | null | undefined): Dictionary | undefined {
  return useQuery({ ...dictionaryQuery(key ?? ''), enabled: Boolean(key) }).data;
}

/** Dictionaries of several fields at once, by key. */
export function useDictionaries(fields: (Field | undefined)[]): Map<string, Dictionary> {
  const keys = [...new Set(fields.map((field) => field?.dictionary).filter((key): key is string => Boolean(key)))];
  const answers = useQueries({ queries: keys.map((key) => dictionaryQuery(key)) });
  const found = new Map<string, Dictionary>();
  answers.forEach(({ data }, index) => {
    if (data) found.set(keys[index]!, data);
  });
  return found;
}

/** The value at a path: rows carry paths as flat keys; nested objects are understood too. */
export function valueAt(record: Values, path: string): Json | undefined {
  if (path in record) return record[path];
  return path.split('.').reduce<Json | undefined>((value, step) => {
    if (value && typeof value === 'object' && !Array.isArray(value)) return value[step];
    return undefined;
  }, record as { [key: string]: Json });
}

/** How a reference's target is called, as the server gave it. */
export function displayOf(record: Values, path: string): string | undefined {
  const refs = record.$refs;
  const text = refs && typeof refs === 'object' && !Array.isArray(refs) ? refs[path] : undefined;
  return typeof text === 'string' ? text : undefined;
}

export function isMasked(record: Values, field: string): boolean {
  return Array.isArray(record.$masked) && record.$masked.includes(field);
}

export function actionsOf(record: Values): string[] {
  return Array.isArray(record.$actions) ? record.$actions.map(String) : [];
}

/** The ids in a value of files or references: one, or several. */
export const idsIn = (value: Json | undefined): string[] => (Array.isArray(value) ? value.map(String) : typeof value === 'string' && value ? [value] : []);

/** Rows of a child table. */
export function rowsOf(record: Values, name: string): Values[] {
  const rows = record[name];
  return Array.isArray(rows) ? (rows as unknown as Values[]) : [];
}

/** The title of the field an error belongs to: `members[1].id_no` → 家庭成员第 2 行 · 证件号码. */
function titleOfError(entity: Entity, key: string): string {
  const match = /^(\w+)\[(\d+)\](?:\.(\w+))?$/.exec(key);
  if (!match) return entity.fields[key]?.title ?? entity.children?.[key]?.title ?? '';
  const child = entity.children?.[match[1]!];
  const row = `${child?.title ?? match[1]}第 ${Number(match[2]) + 1} 行`;
  const field = match[3] ? child?.fields[match[3]]?.title : undefined;
  return field ? `${row} · ${field}` : row;
}

/** An error or warning in one sentence: mostly it names its field, else the title stands before it. */
export function sentenceOf(entity: Entity | undefined, key: string, message: string): string {
  const title = entity ? titleOfError(entity, key) : '';
  return !title || message.includes(title) ? message : `${title}：${message}`;
}

export interface Countdown {
  daysLeft: number;
  dueOn?: string;
  warnDays?: number;
}

/** `$countdown` of a row: a number of working days, or an object with the due date beside it. */
export function countdownOf(value: Json | undefined): Countdown | null {
  if (typeof value === 'number') return { daysLeft: value };
  if (isBlank(value) || typeof value !== 'object' || Array.isArray(value) || value === null) return null;
  if (typeof value.days_left !== 'number') return null;
  return {
    daysLeft: value.days_left,
    dueOn: typeof value.due_on === 'string' ? value.due_on : undefined,
    warnDays: typeof value.warn_days === 'number' ? value.warn_days : undefined,
  };
}
