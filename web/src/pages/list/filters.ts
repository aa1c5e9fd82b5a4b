import type { Dictionary, Field, Filter, FilterOp, Json, Sort } from '../../api/types';
import { COUNTDOWN, isFile } from '../../kit/fields';
import { parseYuan } from '../../kit/format';

/** What an input above the list holds, as it stands in the address: text, codes, or the two ends of a range. */
export type FilterInput = string[];

/** Choices of the filter by working days left: what they are called and which days they mean. */
export const COUNTDOWN_CHOICES: { code: string; title: string; filter: Filter }[] = [
  { code: 'late', title: '已超期', filter: { field: COUNTDOWN, op: 'lt', value: 0 } },
  { code: 'today', title: '今日到期', filter: { field: COUNTDOWN, op: 'eq', value: 0 } },
  { code: 'soon', title: '3 个工作日内', filter: { field: COUNTDOWN, op: 'between', value: [1, 3] } },
  { code: 'week', title: '4 至 10 个工作日', filter: { field: COUNTDOWN, op: 'between', value: [4, 10] } },
  { code: 'later', title: '10 个工作日以上', filter: { field: COUNTDOWN, op: 'gt', value: 10 } },
];

/** Any of the chosen ranges of working days left; `null` when none is chosen. */
export function countdownFilter(input: FilterInput): Filter | null {
  const chosen = COUNTDOWN_CHOICES.filter((choice) => input.includes(choice.code)).map((choice) => choice.filter);
  return chosen.length === 0 ? null : anyOf(chosen);
}

export type FilterStyle = 'countdown' | 'text' | 'exact' | 'choice' | 'tree' | 'boolean' | 'range' | 'dates' | 'ref' | 'presence';

/** How a field of a list is searched; the countdown is no field, but searched all the same. */
export function styleOf(name: string, field: Field, dictionary?: Dictionary): FilterStyle {
  return name === COUNTDOWN ? 'countdown' : filterStyle(field, dictionary);
}

const SORTABLE = new Set<Field['type']>(['text', 'integer', 'decimal', 'money', 'date', 'date_time', 'choice', 'sequence', 'boolean']);

/** Whether the server has a column that a list can be ordered by. */
export const isSortable = (name: string, field: Field | undefined) =>
  Boolean(field && SORTABLE.has(field.type) && !field.sensitive && isFilterable(field) && !name.includes('.'));

/** Whether a list can be searched by it: what is worked out on reading has no column. */
export const isFilterable = (field: Field) => field.computed !== 'on_reading';

/** How a kind of field is searched. */
export function filterStyle(field: Field, dictionary?: Dictionary): FilterStyle {
  if (field.sensitive) return sensitiveStyle(field);
  if (isFile(field.type)) return 'presence';
  switch (field.type) {
    case 'choice':
      return dictionary?.items.some((item) => item.parent) ? 'tree' : 'choice';
    case 'multi_choice':
      return 'choice';
    case 'boolean':
      return 'boolean';
    case 'integer':
    case 'decimal':
    case 'money':
      return 'range';
    case 'date':
    case 'date_time':
      return 'dates';
    case 'ref':
    case 'ref_list':
      return 'ref';
    case 'address':
      return 'tree';
    case 'geo_point':
    case 'json':
      return 'presence';
    default:
      return 'text';
  }
}

/** Sensitive values can only be found whole, by their blind index; those that nobody enters whole, by being there. */
function sensitiveStyle(field: Field): FilterStyle {
  switch (field.type) {
    case 'choice':
      return 'choice';
    case 'multi_choice':
    case 'date_time':
    case 'geo_point':
    case 'address':
      return 'presence';
    default:
      return 'exact';
  }
}

/** One input → one condition; `null` when it says nothing yet. */
export function filterOf(name: string, field: Field, style: FilterStyle, input: FilterInput): Filter | null {
  const given = input.map((text) => text.trim());
  const first = given[0] ?? '';
  if (given.every((text) => text === '')) return null;
  const test = (op: FilterOp, value?: Json): Filter =>
    value === undefined ? { field: name, op } : { field: name, op, value };
  switch (style) {
    case 'countdown':
      return countdownFilter(given);
    case 'text':
      return test('contains', first);
    case 'exact': {
      const value = bound(field, first, false);
      return value === null ? null : test('eq', value);
    }
    case 'ref':
      return test('eq', first);
    case 'choice':
      return field.type === 'multi_choice' ? anyOf(given.map((code) => test('contains', code))) : test('in', given);
    case 'tree':
      return test('under', first);
    case 'boolean':
      return test('eq', first === 'true');
    case 'presence':
      return test(first === 'true' ? 'not_null' : 'is_null');
    case 'range':
    case 'dates': {
      const from = bound(field, first, false);
      const to = bound(field, given[1] ?? '', true);
      return allOf([from === null ? null : test('ge', from), to === null ? null : test('le', to)]) ?? null;
    }
  }
}

/** A typed value as the server compares with it; `null` when it is none. */
function bound(field: Field, text: string, upper: boolean): Json {
  if (text === '') return null;
  switch (field.type) {
    case 'money':
      return parseYuan(text);
    case 'integer':
      return /^-?\d+$/.test(text) ? Number(text) : null;
    case 'decimal':
      return /^-?\d+(\.\d+)?$/.test(text) ? text : null;
    case 'date_time':
      return `${text}T${upper ? '23:59:59.999' : '00:00:00'}+08:00`;
    default:
      return text;
  }
}

function anyOf(parts: Filter[]): Filter {
  return parts.length === 1 ? parts[0]! : { or: parts };
}

/** All conditions together; `undefined` when there is none. */
export function allOf(parts: (Filter | null | undefined)[]): Filter | undefined {
  const real = parts.filter((part): part is Filter => Boolean(part));
  if (real.length === 0) return undefined;
  return real.length === 1 ? real[0] : { and: real };
}

/** `-created_at` → an order. */
export function sortOf(text: string | null, otherwise: Sort[] | undefined): Sort[] | undefined {
  if (!text) return otherwise?.length ? otherwise : undefined;
  return [text.startsWith('-') ? { field: text.slice(1), dir: 'desc' } : { field: text, dir: 'asc' }];
}

/** A filter carried in the address, e.g. from a figure; anything odd is dropped. */
export function filterFrom(text: string | null): Filter | undefined {
  if (!text) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return value && typeof value === 'object' && !Array.isArray(value) ? (value as Filter) : undefined;
  } catch {
    return undefined;
  }
}
