import { useEffect, useRef, useState } from 'react';
import { Link, useNavigate } from 'react-router';

import type { Task } from '../../api/types';
import { places } from '../../app/places';
import { formatTime } from '../../kit/format';
import { useShortcuts } from '../../kit/shortcuts';
import { DueTag, Tag } from '../../kit/Tag';
import { paramsOf, type WorkList } from './workList';

const GROUP = '任务列表';

/** Rows of work; J and K move through them, Enter opens. */
export function TaskRows({ tasks, list, stale }: { tasks: Task[]; list: WorkList; stale: boolean }) {
  const navigate = useNavigate();
  const [at, setAt] = useState(0);
  const body = useRef<HTMLTableSectionElement>(null);
  const moved = useRef(false);
  const params = paramsOf({ ...list, page: 1 });
  const placeOf = (task: Task) =>
    list.box === 'todo' ? places.task(task.id, params) : places.record(task.page ?? task.entity, task.record_id);
  const move = (by: 1 | -1) => {
    moved.current = true;
    setAt((before) => Math.min(tasks.length - 1, Math.max(0, before + by)));
  };
  useEffect(() => {
    if (moved.current) body.current?.rows[at]?.scrollIntoView({ block: 'nearest' });
  }, [at]);
  useShortcuts([
    { key: 'j', title: '下一行', group: GROUP, run: () => move(1) },
    { key: 'k', title: '上一行', group: GROUP, run: () => move(-1) },
    { key: 'Enter', title: list.box === 'todo' ? '办理' : '打开', group: GROUP, run: () => tasks[at] && void navigate(placeOf(tasks[at])) },
  ]);

  // One process for all of them says nothing.
  const processes = new Set(tasks.map((task) => task.process)).size > 1;
  const todo = list.box === 'todo';
  return (
    <table className="detail-table tasks-table" aria-busy={stale}>
      <thead>
        <tr>
          <th>案件</th>
          {list.box !== 'started' && <th>环节</th>}
          {(processes || list.box === 'started') && <th>流程</th>}
          {list.box === 'done' ? <th>结论</th> : <th>期限</th>}
          {todo && <th>签收</th>}
          <th>{TIME[list.box]}</th>
        </tr>
      </thead>
      <tbody ref={body}>
        {tasks.map((task, index) => (
          <tr key={task.id} aria-selected={index === at} onClick={() => void navigate(placeOf(task))}>
            <td><Link to={placeOf(task)} onFocus={() => setAt(index)} onClick={(event) => event.stopPropagation()}>{task.record_display}</Link></td>
            {list.box !== 'started' && <td className="keep">{task.title}</td>}
            {(processes || list.box === 'started') && <td className="keep">{task.process_title}</td>}
            <td className="keep">{list.box === 'done' ? task.outcome_title : <Due task={task} />}</td>
            {todo && <td className="keep">{task.claim ? (task.state === 'claimed' ? '已签收' : <Tag tone="info">待签收</Tag>) : <span className="quiet">—</span>}</td>}
            <td className="numeric keep">{formatTime(list.box === 'done' ? (task.completed_at ?? task.created_at) : task.created_at)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const TIME = { todo: '到达时间', done: '办理时间', started: '发起时间' };

/** Ends that are no outcome of the process. */
const ENDED: Partial<Record<Task['state'], string>> = { withdrawn: '已撤回', terminated: '已终止' };

function Due({ task }: { task: Task }) {
  if (task.completed_at) return <>{task.outcome_title ?? ENDED[task.state] ?? '已办结'}</>;
  if (typeof task.days_left !== 'number') return <span className="quiet">—</span>;
  return <><DueTag daysLeft={task.days_left} dueOn={task.due_on} warnDays={task.warn_days} /> <span className="quiet small numeric">{task.due_on}</span></>;
}
