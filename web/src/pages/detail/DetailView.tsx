import './detail.css';

import { EllipsisOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Button, Dropdown, type MenuProps } from 'antd';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router';

import { entityQuery, instancesQuery, recordQuery, tasksQuery } from '../../api/queries';
import type { DetailPage, Entity, RecordJson } from '../../api/types';
import { places } from '../../app/places';
import { ActionDialog } from '../../kit/ActionDialog';
import { holds } from '../../kit/expression';
import { actionsOf, useDictionary } from '../../kit/fields';
import { PageHead } from '../../kit/PageHead';
import { useShortcuts } from '../../kit/shortcuts';
import { Failed, Loading } from '../../kit/states';
import { ChoiceText, DueTag } from '../../kit/Tag';
import { Facts } from './Facts';
import { RecordTabs } from './RecordTabs';
import { WithdrawDialog } from './WithdrawDialog';

/** The action that carries a record on; the others are rarer. */
const MAIN = 'submit';

/** The form for editing a record, when the caller may and the record lets them. */
export function editOf(page: DetailPage, entity: Entity, record: RecordJson): string | null {
  if (!page.edit || !entity.permissions?.update || !holds(page.edit_when, record, true)) return null;
  return places.edit(page.edit, record.id);
}

/** A record: head with facts and actions, tabs below. */
export default function DetailView({ page, id }: { page: DetailPage; id: string }) {
  const { data: entity, error: noEntity } = useQuery(entityQuery(page.entity));
  const { data: record, error, refetch } = useQuery(recordQuery(page.entity, id));
  if (error ?? noEntity) return <Failed error={error ?? noEntity} again={() => void refetch()} />;
  if (!entity || !record) return <Loading />;
  return (
    <div className="page">
      <Head page={page} entity={entity} record={record} />
      {Boolean(page.facts?.length) && <section className="card padded"><Facts given entity={entity} names={page.facts ?? []} record={record} /></section>}
      <section className="card padded"><RecordTabs page={page} record={record} entity={entity} /></section>
    </div>
  );
}

function Head({ page, entity, record }: { page: DetailPage; entity: Entity; record: RecordJson }) {
  const navigate = useNavigate();
  const { data: instances } = useQuery(instancesQuery(page.entity, record.id));
  const dictionary = useDictionary(page.status ? entity.fields[page.status]?.dictionary : null);
  const [acting, setActing] = useState<string | null>(null);
  const [withdrawing, setWithdrawing] = useState(false);
  const running = instances?.find((instance) => instance.state === 'running');
  const { data: mine } = useQuery({
    ...tasksQuery({ box: 'todo', entity: page.entity, recordId: record.id, page: 1, size: 1 }), enabled: Boolean(running),
  });
  const task = running && mine?.items[0];
  const edit = editOf(page, entity, record);
  const actions = (page.actions ?? []).filter((key) => actionsOf(record).includes(key));
  const more: MenuProps['items'] = [
    ...actions.filter((key) => key !== MAIN).map((key) => ({ key, label: entity.actions?.[key]?.title, onClick: () => setActing(key) })),
    ...(running?.may_withdraw ? [{ key: '$withdraw', label: '撤回', danger: true, onClick: () => setWithdrawing(true) }] : []),
  ];
  useShortcuts([
    ...(edit ? [{ key: 'e', title: '编辑', group: '案件', run: () => void navigate(edit) }] : []),
    ...(task ? [{ key: 'Enter', title: '办理', group: '案件', run: () => void navigate(places.task(task.id)) }] : []),
  ]);
  return (
    <>
      <PageHead
        title={String(record.$display ?? page.title)}
        tags={
          <>
            {page.status && <ChoiceText code={String(record[page.status] ?? '')} dictionary={dictionary} />}
            {typeof running?.days_left === 'number' && <DueTag daysLeft={running.days_left} dueOn={running.due_on} warnDays={running.warn_days} />}
          </>
        }
      >
        {more.length > 0 && <Dropdown menu={{ items: more }} trigger={['click']}><Button icon={<EllipsisOutlined aria-hidden />} aria-label="更多操作" title="更多操作" /></Dropdown>}
        {edit && <Link to={edit} tabIndex={-1}><Button title="编辑（E）">编辑</Button></Link>}
        {actions.filter((key) => key === MAIN).map((key) => (
          <Button key={key} type="primary" onClick={() => setActing(key)}>{entity.actions?.[key]?.title}</Button>
        ))}
        {task && <Link to={places.task(task.id)} tabIndex={-1}><Button type="primary">办理：{task.title}</Button></Link>}
      </PageHead>
      {acting && <ActionDialog entity={entity} action={acting} ids={[record.id]} onClose={() => setActing(null)} onDone={() => setActing(null)} />}
      {withdrawing && running && <WithdrawDialog instance={running} onClose={() => setWithdrawing(false)} />}
    </>
  );
}
