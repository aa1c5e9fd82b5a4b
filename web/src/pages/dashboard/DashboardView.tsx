import './dashboard.css';

import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';

import { countsQuery, entityQuery, pagesQuery, tasksQuery } from '../../api/queries';
import type { DashboardPage, Filter, Widget } from '../../api/types';
import { places } from '../../app/places';
import { useDictionary } from '../../kit/fields';
import { PageHead } from '../../kit/PageHead';
import { Empty, Failed, Loading } from '../../kit/states';
import { DueTag } from '../../kit/Tag';

type Of<K extends Widget['widget']> = Extract<Widget, { widget: K }>;

/** The list behind a figure, with the figure's condition. */
function behind(page: string | null | undefined, where: Filter | undefined): string | undefined {
  if (!page) return undefined;
  return where ? `${places.page(page)}?where=${encodeURIComponent(JSON.stringify(where))}` : places.page(page);
}

export default function DashboardView({ page }: { page: DashboardPage }) {
  return (
    <div className="page">
      <PageHead title={page.title} purpose={page.purpose} />
      <div className="board">{page.widgets.map((widget) => <WidgetView key={widget.title} widget={widget} />)}</div>
    </div>
  );
}

function WidgetView({ widget }: { widget: Widget }) {
  switch (widget.widget) {
    case 'figure':
      return <Figure widget={widget} />;
    case 'breakdown':
      return <Breakdown widget={widget} />;
    case 'tasks':
      return <Tasks widget={widget} />;
    case 'shortcuts':
      return <Shortcuts widget={widget} />;
  }
}

function Figure({ widget }: { widget: Of<'figure'> }) {
  const { data, error } = useQuery(countsQuery(widget.entity, widget.where ?? undefined));
  const to = behind(widget.page, widget.where ?? undefined);
  const count = error ? '—' : (data?.[0]?.count ?? (data ? 0 : '…'));
  return (
    <section className="card figure">
      <span className="quiet">{widget.title}</span>
      <strong className="numeric">{to ? <Link to={to}>{count}</Link> : count}</strong>
    </section>
  );
}

function Breakdown({ widget }: { widget: Of<'breakdown'> }) {
  const { data: entity } = useQuery(entityQuery(widget.entity));
  const { data, error } = useQuery(countsQuery(widget.entity, widget.where ?? undefined, widget.group_by));
  const dictionary = useDictionary(entity?.fields[widget.group_by]?.dictionary);
  const most = Math.max(1, ...(data ?? []).map((row) => row.count));
  const title = (code: string | null) => dictionary?.items.find((item) => item.code === code)?.title ?? code ?? '（空）';
  const rows = [...(data ?? [])].sort((a, b) => b.count - a.count);
  return (
    <section className="card">
      <h2>{widget.title}</h2>
      {error ? <Failed error={error} /> : !data ? <Loading /> : rows.length === 0 ? <Empty text="暂无数据。" /> : (
        <div className="bars">
          {rows.map((row) => {
            const where: Filter = { field: widget.group_by, op: 'eq', value: row.value };
            const to = behind(widget.page, where);
            return [
              <span key={`t${row.value}`}>{to ? <Link to={to}>{title(row.value)}</Link> : title(row.value)}</span>,
              <span key={`b${row.value}`}><span className="bar" style={{ display: 'block', width: `${(100 * row.count) / most}%` }} /></span>,
              <span key={`n${row.value}`} className="numeric">{row.count}</span>,
            ];
          })}
        </div>
      )}
    </section>
  );
}

function Tasks({ widget }: { widget: Of<'tasks'> }) {
  const { data, error } = useQuery(tasksQuery({ box: 'todo', page: 1, size: widget.size }));
  return (
    <section className="card">
      <h2>{widget.title}{data?.total ? `（${data.total}）` : ''}</h2>
      {error ? <Failed error={error} /> : !data ? <Loading /> : data.items.length === 0 ? <Empty text="没有待办任务。" /> : (
        <table className="detail-table">
          <tbody>
            {data.items.map((task) => (
              <tr key={task.id}>
                <td><Link to={places.task(task.id)}>{task.record_display}</Link></td><td>{task.title}</td>
                <td>{typeof task.days_left === 'number' && <DueTag daysLeft={task.days_left} dueOn={task.due_on} warnDays={task.warn_days} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Shortcuts({ widget }: { widget: Of<'shortcuts'> }) {
  const { data } = useQuery(pagesQuery);
  const title = (key: string) => (data as { key?: string; title: string }[] | undefined)?.find((page) => page.key === key)?.title;
  return (
    <section className="card">
      <h2>{widget.title}</h2>
      <ul>{widget.pages.filter(title).map((key) => <li key={key}><Link to={places.page(key)}>{title(key)}</Link></li>)}</ul>
    </section>
  );
}
