import type { Filter, Widget } from '../../api/types';

/** The records of one bar: those of the whole with this value. */
export function filterOfGroup(widget: Extract<Widget, { widget: 'breakdown' }>, value: string | null): Filter {
  const own: Filter = value === null ? { field: widget.group_by, op: 'is_null' } : { field: widget.group_by, op: 'eq', value };
  return widget.where ? { and: [widget.where, own] } : own;
}

/** A share of the whole in whole percent; what is little but there is not called nothing. */
export function shareOf(count: number, total: number): string {
  if (total === 0) return '';
  const percent = Math.round((100 * count) / total);
  return percent === 0 && count > 0 ? '<1%' : `${percent}%`;
}
