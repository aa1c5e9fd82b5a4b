import type { Field, Json } from '../api/types';

export const NOTHING = '—';

/** `12345678` fen → `123,456.78`. */
export function formatFen(fen: number): string {
  const sign = fen < 0 ? '-' : '';
  const digits = String(Math.abs(Math.trunc(fen))).padStart(3, '0');
  return `${sign}${groupThousands(digits.slice(0, -2))}.${digits.slice(-2)}`;
}

/** Yuan as typed → fen, exact; `null` when it is no amount. */
export function parseYuan(text: string): number | null {
  const clean = text.replaceAll(/[,，\s]/g, '');
  const match = /^(-?)(\d{1,13})(?:\.(\d{1,2}))?$/.exec(clean);
  if (!match) return null;
  const fen = Number(match[2]) * 100 + Number((match[3] ?? '').padEnd(2, '0'));
  return match[1] ? -fen : fen;
}

/** Fen → what stands in an input: `123456.78`, no grouping. */
export function yuanText(fen: number): string {
  return formatFen(fen).replaceAll(',', '');
}

export function groupThousands(digits: string): string {
  const [whole = '', fraction] = digits.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** RFC 3339 → `2026-03-02 14:05` as the server's zone has it. Times come in +08:00 and are not shifted. */
export function formatTime(text: string | null | undefined): string {
  if (!text) return NOTHING;
  const match = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})/.exec(text);
  if (!match) return text;
  if (/[+]08:?00$/.test(text)) return `${match[1]} ${match[2]}`;
  const instant = Date.parse(text);
  if (Number.isNaN(instant)) return `${match[1]} ${match[2]}`;
  return new Date(instant + 8 * 3_600_000).toISOString().slice(0, 16).replace('T', ' ');
}

export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(0)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** Whether nothing was given. `false` and `0` are answers. */
export function isBlank(value: Json | undefined): value is null | undefined | '' {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

/** A value as a line of text; references need their `$refs` text. */
export function formatValue(field: Field, value: Json | undefined, display?: string): string {
  if (isBlank(value)) return NOTHING;
  switch (field.type) {
    case 'money':
      return typeof value === 'number' ? `${formatFen(value)} 元` : String(value);
    case 'decimal':
    case 'integer':
      return withUnit(groupThousands(String(value)), field.unit);
    case 'boolean':
      return value ? '是' : '否';
    case 'date_time':
      return formatTime(String(value));
    case 'ref':
      return display ?? String(value);
    default:
      return String(value);
  }
}

/** Lists and work are counted so far and no further. */
const COUNTED_MAX = 10_000;

/** A count as people read it; `more`: counting stopped there. Where the server does not say so, it counts one further. */
export function countText(count: number, more = count > COUNTED_MAX): string {
  return more ? `超过 ${Math.min(count, COUNTED_MAX)}` : String(count);
}

export function withUnit(text: string, unit: string | null | undefined): string {
  return unit ? `${text} ${unit}` : text;
}

export type DueTone = 'late' | 'soon' | 'normal';

/** How pressing a deadline is; `warnDays` is where the warning starts. */
export function dueTone(daysLeft: number, warnDays = 3): DueTone {
  if (daysLeft < 0) return 'late';
  return daysLeft <= warnDays ? 'soon' : 'normal';
}

/** Working days left in words. */
export function dueText(daysLeft: number): string {
  if (daysLeft < 0) return `超期 ${-daysLeft} 个工作日`;
  return daysLeft === 0 ? '今日到期' : `剩 ${daysLeft} 个工作日`;
}
