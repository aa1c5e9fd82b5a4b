import './handling.css';
import '../../pages/detail/detail.css';

import { ArrowLeftOutlined, LeftOutlined, RightOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Button } from 'antd';
import { Link, useNavigate, useParams } from 'react-router';

import { entityQuery, pageQuery, recordQuery, taskQuery } from '../../api/queries';
import type { Entity, Page, RecordJson, Task } from '../../api/types';
import { useTitle } from '../../app/session';
import { useShortcuts } from '../../kit/shortcuts';
import { Empty, Failed, Loading } from '../../kit/states';
import { DueTag } from '../../kit/Tag';
import { editOf } from '../../pages/detail/DetailView';
import { Facts } from '../../pages/detail/Facts';
import { RecordTabs } from '../../pages/detail/RecordTabs';
import { DoneTask } from './DoneTask';
import { HandlingPanel } from './HandlingPanel';
import { useQueue, type Queue } from './useQueue';

/** One task: the case at the left, what is to be decided at the right; J and K lead through the list of work. */
export function HandlingPage() {
  const { id = '' } = useParams();
  const queue = useQueue(id);
  const { data: task, error, refetch } = useQuery(taskQuery(id));
  useTitle(task ? `${task.title} ${task.record_display}` : undefined);
  useShortcuts([
    { key: 'j', title: '下一件', group: '办理', run: () => queue.go(queue.next) },
    { key: 'k', title: '上一件', group: '办理', run: () => queue.go(queue.previous) },
    { key: 'u', title: '返回任务列表', group: '办理', run: queue.back },
  ]);
  if (error) return <Failed error={error} again={() => void refetch()}><Button onClick={queue.back}>返回任务列表</Button></Failed>;
  if (!task) return <Loading />;
  return <Handling task={task} queue={queue} />;
}

function Handling({ task, queue }: { task: Task; queue: Queue }) {
  const entity = useQuery(entityQuery(task.entity));
  const record = useQuery(recordQuery(task.entity, task.record_id));
  const page = useQuery(pageQuery(task.page ?? task.entity));
  const failed = [entity, record, page].find((query) => query.error);
  const open = task.state === 'open' || task.state === 'claimed';
  return (
    <div className="page handling-page">
      <Way task={task} queue={queue} page={page.data} entity={entity.data} record={record.data} />
      <div className="handling">
        <section className="card padded">
          {failed ? <Failed error={failed.error} again={() => void failed.refetch()} /> : <Case page={page.data} entity={entity.data} record={record.data} />}
        </section>
        <aside className="card padded handling-panel" aria-label="办理">
          {!open ? <DoneTask task={task} queue={queue} />
            : record.data ? <HandlingPanel key={`${task.id}-${task.state}`} task={task} entity={entity.data} version={record.data.version} onLeft={queue.leave} />
            : !failed && <Loading />}
        </aside>
      </div>
    </div>
  );
}

interface Shown {
  page: Page | undefined;
  entity: Entity | undefined;
  record: RecordJson | undefined;
}

function Case({ page, entity, record }: Shown) {
  if (!page || !entity || !record) return <Loading />;
  if (page.kind !== 'detail') return <Empty text="该环节没有配置案件页面。" />;
  return (
    <>
      <Facts given entity={entity} names={page.facts ?? []} record={record} />
      <RecordTabs page={page} record={record} entity={entity} />
    </>
  );
}

/** Title of the task and the way through the list it stands in. */
function Way({ task, queue, page, entity, record }: Shown & { task: Task; queue: Queue }) {
  const navigate = useNavigate();
  const edit = page?.kind === 'detail' && entity && record ? editOf(page, entity, record) : null;
  useShortcuts(edit ? [{ key: 'e', title: '编辑案件', group: '办理', run: () => void navigate(edit) }] : []);
  return (
    <div className="page-head">
      <Button type="text" icon={<ArrowLeftOutlined aria-hidden />} aria-label="返回任务列表" title="返回任务列表（U）" onClick={queue.back} />
      <h1>{task.title}</h1>
      <span className="handling-case">{task.record_display}</span>
      {typeof task.days_left === 'number' && <DueTag daysLeft={task.days_left} dueOn={task.due_on} warnDays={task.warn_days} />}
      <div className="actions">
        {edit && <Link to={edit} tabIndex={-1}><Button title="编辑案件（E）">编辑案件</Button></Link>}
        <div className="handling-way">
          <Button icon={<LeftOutlined aria-hidden />} disabled={!queue.previous} title="上一件（K）" onClick={() => queue.go(queue.previous)}>上一件</Button>
          <span className="numeric quiet">{queue.place ? `${queue.place} / ${queue.total}` : `— / ${queue.total}`}</span>
          <Button icon={<RightOutlined aria-hidden />} iconPlacement="end" disabled={!queue.next} title="下一件（J）" onClick={() => queue.go(queue.next)}>下一件</Button>
        </div>
      </div>
    </div>
  );
}
