import '../detail/detail.css';
import '../list/list.css';
import './tasks.css';

import { useQuery } from '@tanstack/react-query';
import { Input, Pagination, Segmented, Select } from 'antd';
import { useSearchParams } from 'react-router';

import { tasksQuery } from '../../api/queries';
import type { TaskBox, TaskCounts } from '../../api/types';
import { countText } from '../../kit/format';
import { PageHead } from '../../kit/PageHead';
import { Empty, Failed, Loading } from '../../kit/states';
import { TaskRows } from './TaskRows';
import { paramsOf, queryOf, URGENCIES, workListFrom, type Urgency, type WorkList } from './workList';

const SIZE = 20;

/** The work list: to do (by how pressing and at which step), done, started by me. */
export default function TasksView({ title, purpose, process }: { title: string; purpose?: string | null; process?: string }) {
  const [params, setParams] = useSearchParams();
  const list = workListFrom(params);
  const { data, error, refetch, isPlaceholderData } = useQuery(tasksQuery({ ...queryOf(list, SIZE), process }));
  const set = (changes: Partial<WorkList>) => setParams(paramsOf({ ...list, page: 1, ...changes }), { replace: true });
  const filtered = Boolean(list.urgency || list.step || list.search);
  return (
    <div className="page">
      <PageHead title={title} purpose={purpose} />
      <section className="card">
        <div className="tasks-bar">
          <Segmented<TaskBox>
            value={list.box} onChange={(box) => set({ box, urgency: null, step: null })}
            options={[
              { value: 'todo', label: counted('待办', data?.counts.todo) },
              { value: 'done', label: counted('已办', data?.counts.done) },
              { value: 'started', label: counted('我发起的', data?.counts.started) },
            ]}
          />
          {list.box === 'todo' && (
            <>
              <Urgencies counts={data?.counts} value={list.urgency} onChange={(urgency) => set({ urgency })} />
              <Select
                aria-label="环节" allowClear placeholder="全部环节" popupMatchSelectWidth={false} value={list.step ?? undefined}
                options={(data?.steps ?? []).map((one) => ({ value: one.step, label: `${one.title}（${one.count}）` }))}
                onChange={(step: string | undefined) => set({ step: step ?? null })}
              />
            </>
          )}
          <Input.Search
            key={list.search} allowClear defaultValue={list.search} placeholder="编号或姓名" aria-label="按编号或姓名查找任务"
            onSearch={(search) => set({ search: search.trim() })}
          />
        </div>
        {error ? <Failed error={error} again={() => void refetch()} />
          : !data ? <Loading />
          : data.items.length === 0 ? <Empty text={filtered ? '没有符合条件的任务，请放宽条件。' : NOTHING[list.box]} />
          : <TaskRows key={params.toString()} tasks={data.items} list={list} stale={isPlaceholderData} />}
        {(data?.total ?? 0) > SIZE && (
          <Pagination
            className="list-paging" size="small" current={list.page} pageSize={SIZE} total={data?.total ?? 0} showSizeChanger={false}
            showTotal={(total) => `共 ${countText(total)} 件`} onChange={(page) => set({ page })}
          />
        )}
      </section>
    </div>
  );
}

const NOTHING = { todo: '没有待办任务。', done: '还没有办过任务。', started: '还没有发起过流程。' };

const counted = (title: string, count: number | undefined) => (count ? `${title} ${countText(count)}` : title);

function Urgencies({ counts, value, onChange }: { counts?: TaskCounts; value: Urgency | null; onChange: (value: Urgency | null) => void }) {
  const of: Record<Urgency, number | undefined> = { late: counts?.late, today: counts?.due_today, soon: counts?.due_soon, later: counts?.due_later };
  return (
    <div className="tasks-due" role="group" aria-label="期限">
      {(Object.keys(URGENCIES) as Urgency[]).map((urgency) => (
        <button
          key={urgency} type="button" className={`tasks-due-${urgency}`} aria-pressed={value === urgency}
          onClick={() => onChange(value === urgency ? null : urgency)}
        >
          {URGENCIES[urgency].title}{of[urgency] !== undefined && <b className="numeric" data-none={of[urgency] === 0 || undefined}>{countText(of[urgency])}</b>}
        </button>
      ))}
    </div>
  );
}
