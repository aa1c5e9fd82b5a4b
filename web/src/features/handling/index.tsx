import './handling.css';
import '../../pages/detail/detail.css';

import { useQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';

import { entityQuery, pageQuery, recordQuery, taskQuery } from '../../api/queries';
import { useTitle } from '../../app/session';
import { PageHead } from '../../kit/PageHead';
import { Empty, Failed, Loading } from '../../kit/states';
import { DueTag } from '../../kit/Tag';
import { Facts } from '../../pages/detail/Facts';
import { RecordTabs } from '../../pages/detail/RecordTabs';
import { HandlingPanel } from './HandlingPanel';

/** One task: the case at the left, what is to be decided at the right. */
export function HandlingPage() {
  const { id = '' } = useParams();
  const { data: task, error, refetch } = useQuery(taskQuery(id));
  const entityKey = task?.entity ?? '';
  const { data: entity } = useQuery({ ...entityQuery(entityKey), enabled: Boolean(entityKey) });
  const { data: record } = useQuery({ ...recordQuery(entityKey, task?.record_id ?? ''), enabled: Boolean(task) });
  const { data: page } = useQuery({ ...pageQuery(task?.page ?? entityKey), enabled: Boolean(task) });
  useTitle(task ? `${task.title} ${task.record_display}` : undefined);
  if (error) return <Failed error={error} again={() => void refetch()} />;
  if (!task || !entity || !record || !page) return <Loading />;
  return (
    <div className="page">
      <PageHead title={`${task.title}：${task.record_display}`}>
        {typeof task.days_left === 'number' && <DueTag daysLeft={task.days_left} dueOn={task.due_on} warnDays={task.warn_days} />}
      </PageHead>
      <div className="handling">
        <section className="card">
          {page.kind === 'detail' ? (
            <>
              <Facts entity={entity} names={page.facts ?? []} record={record} />
              <RecordTabs page={page} record={record} entity={entity} />
            </>
          ) : <Empty text="该环节没有配置案件页面。" />}
        </section>
        <aside className="card handling-panel">
          <HandlingPanel key={`${task.id}-${task.state}`} task={task} version={record.version} />
        </aside>
      </div>
    </div>
  );
}
