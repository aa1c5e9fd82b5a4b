import { useQuery } from '@tanstack/react-query';
import { Input, Pagination, Segmented } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';

import { tasksQuery } from '../../api/queries';
import type { Task, TaskBox } from '../../api/types';
import { places } from '../../app/places';
import { formatTime } from '../../kit/format';
import { PageHead } from '../../kit/PageHead';
import { Empty, Failed, Loading } from '../../kit/states';
import { DueTag } from '../../kit/Tag';

const BOXES: { value: TaskBox; label: string }[] = [
  { value: 'todo', label: '待办' },
  { value: 'done', label: '已办' },
  { value: 'started', label: '我发起的' },
];
const SIZE = 20;

/** The work list: to do, done, started by me. */
export default function TasksView({ title }: { processes: string[]; title: string }) {
  const [box, setBox] = useState<TaskBox>('todo');
  const [search, setSearch] = useState('');
  const [page, setPage] = useState(1);
  const { data, error, refetch } = useQuery(tasksQuery({ box, search: search || undefined, page, size: SIZE }));
  return (
    <div className="page">
      <PageHead title={title} />
      <section className="card padded">
        <div style={{ display: 'flex', gap: 12, marginBottom: 12 }}>
          <Segmented options={BOXES} value={box} onChange={(next) => { setBox(next); setPage(1); }} />
          <Input.Search allowClear placeholder="按编号或姓名查找" aria-label="查找任务" style={{ width: 260 }} onSearch={(text) => { setSearch(text.trim()); setPage(1); }} />
        </div>
        {error ? <Failed error={error} again={() => void refetch()} /> : !data ? <Loading /> : data.items.length === 0 ? <Empty text="没有任务。" /> : <TaskRows tasks={data.items} box={box} />}
        {(data?.total ?? 0) > SIZE && <Pagination current={page} pageSize={SIZE} total={data?.total ?? 0} onChange={setPage} showSizeChanger={false} />}
      </section>
    </div>
  );
}

function TaskRows({ tasks, box }: { tasks: Task[]; box: TaskBox }) {
  return (
    <table className="detail-table">
      <thead><tr><th>事项</th><th>环节</th><th>流程</th><th>期限</th><th>签收人</th><th>{box === 'done' ? '办理时间' : '到达时间'}</th></tr></thead>
      <tbody>
        {tasks.map((task) => (
          <tr key={task.id}>
            <td><Link to={box === 'todo' ? places.task(task.id) : places.record(task.page ?? task.entity, task.record_id)}>{task.record_display}</Link></td>
            <td>{task.title}</td><td>{task.process_title}</td>
            <td>{typeof task.days_left === 'number' && !task.completed_at && <DueTag daysLeft={task.days_left} dueOn={task.due_on} warnDays={task.warn_days} />}</td>
            <td>{task.assignee_name}</td><td className="numeric">{formatTime(task.completed_at ?? task.created_at)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
