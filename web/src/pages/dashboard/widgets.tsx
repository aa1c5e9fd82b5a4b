import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';

import { countsQuery, entityQuery, pagesQuery, tasksQuery } from '../../api/queries';
import type { Filter, TaskCounts, Widget } from '../../api/types';
import { places } from '../../app/places';
import { useDictionary } from '../../kit/fields';
import { countText, formatTime } from '../../kit/format';
import { Empty, Failed, Loading } from '../../kit/states';
import { DueTag } from '../../kit/Tag';
import { paramsOf, URGENCIES, workListFrom, type Urgency } from '../tasks/workList';
import { filterOfGroup, shareOf } from './breakdown';

type Of<K extends Widget['widget']> = Extract<Widget, { widget: K }>;

/** The list behind a figure, with the figure's condition. */
function behind(page: string | null | undefined, where: Filter | undefined): string | undefined {
  if (!page) return undefined;
  return where ? `${places.page(page)}?where=${encodeURIComponent(JSON.stringify(where))}` : places.page(page);
}

export function Figure({ widget }: { widget: Of<'figure'> }) {
  const { data, error } = useQuery(countsQuery(widget.entity, widget.where ?? undefined));
  const to = behind(widget.page, widget.where ?? undefined);
  const count = error ? '—' : (data?.[0]?.count ?? (data ? 0 : '…'));
  const tone = typeof count === 'number' && count > 0 && widget.tone ? `figure-${widget.tone}` : undefined;
  const body = <><span>{widget.title}</span><strong className="numeric">{count}</strong></>;
  return to ? <Link className={`figure ${tone ?? ''}`} to={to}>{body}</Link> : <div className={`figure ${tone ?? ''}`}>{body}</div>;
}

export function Breakdown({ widget }: { widget: Of<'breakdown'> }) {
  const { data: entity } = useQuery(entityQuery(widget.entity));
  const { data, error, refetch } = useQuery(countsQuery(widget.entity, widget.where ?? undefined, widget.group_by));
  const dictionary = useDictionary(entity?.fields[widget.group_by]?.dictionary);
  // Where there is but one group, its bar says nothing that the figures do not.
  if (data && data.length < 2) return null;
  const places = new Map(dictionary?.items.map((item, index) => [item.code, index]));
  const title = (code: string | null) => dictionary?.items.find((item) => item.code === code)?.title ?? code ?? '（未填）';
  const rows = [...(data ?? [])].sort((a, b) => (places.get(a.value ?? '') ?? places.size) - (places.get(b.value ?? '') ?? places.size));
  const most = Math.max(1, ...rows.map((row) => row.count));
  const total = rows.reduce((sum, row) => sum + row.count, 0);
  return (
    <section className="card">
      <h2>{widget.title}<small className="numeric">共 {total}</small></h2>
      {error ? <Failed error={error} again={() => void refetch()} /> : !data ? <Loading /> : (
        <ul className="bars">
          {rows.map((row) => {
            const to = behind(widget.page, filterOfGroup(widget, row.value));
            return (
              <li key={row.value ?? ''}>
                <span>{to ? <Link to={to}>{title(row.value)}</Link> : title(row.value)}</span>
                <span aria-hidden><i style={{ width: `${(100 * row.count) / most}%` }} /></span>
                <span className="numeric">{row.count}</span>
                <span className="numeric quiet small">{shareOf(row.count, total)}</span>
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}

export function Tasks({ widget }: { widget: Of<'tasks'> }) {
  const { data, error, refetch } = useQuery(tasksQuery({ box: 'todo', page: 1, size: widget.size }));
  return (
    <section className="card board-tasks">
      <h2>
        {widget.title}<small className="numeric">{data ? `共 ${countText(data.total)}` : ''}</small>
        {data && <Pressing counts={data.counts} />}
      </h2>
      {error ? <Failed error={error} again={() => void refetch()} /> : !data ? <Loading /> : data.items.length === 0 ? <Empty text="没有待办任务。" /> : (
        <table className="detail-table">
          <thead><tr><th>案件</th><th>环节</th><th>期限</th><th>到达时间</th></tr></thead>
          <tbody>
            {data.items.map((task) => (
              <tr key={task.id}>
                <td><Link to={places.task(task.id)}>{task.record_display}</Link></td>
                <td className="keep">{task.title}</td>
                <td className="keep">{typeof task.days_left === 'number' ? <DueTag daysLeft={task.days_left} dueOn={task.due_on} warnDays={task.warn_days} /> : '—'}</td>
                <td className="keep numeric">{formatTime(task.created_at)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {data && data.total > data.items.length && <p className="board-more"><Link to={places.tasks}>全部 {countText(data.total)} 件待办</Link></p>}
    </section>
  );
}

/** How much of the work is pressing, leading to it. */
function Pressing({ counts }: { counts: TaskCounts }) {
  const of: [Urgency, number, string][] = [['late', counts.late, 'danger'], ['today', counts.due_today, 'warning'], ['soon', counts.due_soon, 'neutral']];
  return (
    <span className="board-pressing">
      {of.filter(([, count]) => count > 0).map(([urgency, count, tone]) => (
        <Link key={urgency} className={`tag ${tone}`} to={places.workList(paramsOf({ ...workListFrom(new URLSearchParams()), urgency }))}>
          {URGENCIES[urgency].title} {countText(count)}
        </Link>
      ))}
    </span>
  );
}

export function Shortcuts({ widget }: { widget: Of<'shortcuts'> }) {
  const { data } = useQuery(pagesQuery);
  const title = (key: string) => data?.find((page) => page.key === key)?.title;
  return (
    <section className="card">
      <h2>{widget.title}</h2>
      <ul className="board-links">{widget.pages.filter(title).map((key) => <li key={key}><Link to={places.page(key)}>{title(key)}</Link></li>)}</ul>
    </section>
  );
}
