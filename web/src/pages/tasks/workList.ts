import type { TaskBox } from '../../api/types';
import type { TaskQuery } from '../../api/queries';

/** How pressing: by working days left. */
export type Urgency = 'late' | 'today' | 'soon' | 'later';

/** Least and most working days left; the bounds of 三个工作日内 are the server's `due_soon`. */
export const URGENCIES: Record<Urgency, { title: string; least: number | null; most: number | null }> = {
  late: { title: '已超期', least: null, most: -1 },
  today: { title: '今日到期', least: 0, most: 0 },
  soon: { title: '3 个工作日内', least: 1, most: 3 },
  later: { title: '3 个工作日以上', least: 4, most: null },
};

/** What a list of work shows. It lives in the address, so that handling goes on through the same list. */
export interface WorkList {
  box: TaskBox;
  urgency: Urgency | null;
  step: string | null;
  search: string;
  page: number;
}

const BOXES: TaskBox[] = ['todo', 'done', 'started'];

export function workListFrom(params: URLSearchParams): WorkList {
  const box = params.get('box') as TaskBox;
  const urgency = params.get('due');
  return {
    box: BOXES.includes(box) ? box : 'todo',
    urgency: urgency && Object.hasOwn(URGENCIES, urgency) ? (urgency as Urgency) : null,
    step: params.get('step'),
    search: params.get('search')?.trim() ?? '',
    page: Math.max(1, Number(params.get('page')) || 1),
  };
}

/** As an address; what is usual is left out. */
export function paramsOf({ box, urgency, step, search, page }: WorkList): URLSearchParams {
  const params = new URLSearchParams();
  if (box !== 'todo') params.set('box', box);
  if (urgency) params.set('due', urgency);
  if (step) params.set('step', step);
  if (search) params.set('search', search);
  if (page > 1) params.set('page', String(page));
  return params;
}

export function queryOf({ box, urgency, step, search, page }: WorkList, size: number): TaskQuery {
  const { least = null, most = null } = urgency && box === 'todo' ? URGENCIES[urgency] : {};
  return { box, step: step ?? undefined, search: search || undefined, daysLeftMin: least, daysLeftMax: most, page, size };
}

export interface Neighbours<T> {
  previous: T | null;
  next: T | null;
  /** From 1; 0 when the task is not in the list (any more). */
  place: number;
}

/** Who stands before and after a task; for one that has left the list, the first comes next. */
export function neighboursOf<T extends { id: string }>(list: T[], id: string): Neighbours<T> {
  const at = list.findIndex((one) => one.id === id);
  if (at < 0) return { previous: null, next: list[0] ?? null, place: 0 };
  return { previous: list[at - 1] ?? null, next: list[at + 1] ?? null, place: at + 1 };
}

/** Where to go when a task is done: on to the next, or back to what was passed over. */
export function afterDone<T extends { id: string }>(list: T[], id: string): T | null {
  const { next } = neighboursOf(list, id);
  return next ?? list.find((one) => one.id !== id) ?? null;
}
