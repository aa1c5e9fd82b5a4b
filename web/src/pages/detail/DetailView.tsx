import './detail.css';

import { useQuery } from '@tanstack/react-query';
import { Button } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';

import { entityQuery, instancesQuery, recordQuery } from '../../api/queries';
import type { DetailPage } from '../../api/types';
import { places } from '../../app/places';
import { ActionDialog } from '../../kit/ActionDialog';
import { useDictionary } from '../../kit/fields';
import { PageHead } from '../../kit/PageHead';
import { Failed, Loading } from '../../kit/states';
import { ChoiceText, DueTag } from '../../kit/Tag';
import { Facts } from './Facts';
import { RecordTabs } from './RecordTabs';

export { RecordTabs } from './RecordTabs';

/** A record: head with facts and actions, tabs below. */
export default function DetailView({ page, id }: { page: DetailPage; id: string }) {
  const { data: entity, error: noEntity } = useQuery(entityQuery(page.entity));
  const { data: record, error, refetch } = useQuery(recordQuery(page.entity, id));
  const { data: instances } = useQuery(instancesQuery(page.entity, id));
  const dictionary = useDictionary(page.status ? entity?.fields[page.status]?.dictionary : null);
  const [acting, setActing] = useState<string | null>(null);
  if (error ?? noEntity) return <Failed error={error ?? noEntity} again={() => void refetch()} />;
  if (!entity || !record) return <Loading />;
  const offered = Array.isArray(record.$actions) ? record.$actions : [];
  const running = instances?.find((instance) => instance.state === 'running');
  return (
    <div className="page">
      <PageHead title={String(record.$display ?? page.title)}>
        {page.status && <ChoiceText code={String(record[page.status] ?? '')} dictionary={dictionary} />}
        {typeof running?.days_left === 'number' && <DueTag daysLeft={running.days_left} dueOn={running.due_on} />}
        {(page.actions ?? []).filter((key) => offered.includes(key)).map((key) => (
          <Button key={key} type={key === 'submit' ? 'primary' : 'default'} onClick={() => setActing(key)}>{entity.actions?.[key]?.title}</Button>
        ))}
        {page.edit && entity.permissions?.update && <Link to={places.edit(page.edit, id)}><Button>编辑</Button></Link>}
      </PageHead>
      <section className="card padded">
        <Facts entity={entity} names={page.facts ?? []} record={record} />
      </section>
      <section className="card padded"><RecordTabs page={page} record={record} entity={entity} /></section>
      {acting && <ActionDialog entity={entity} action={acting} ids={[id]} onClose={() => setActing(null)} onDone={() => setActing(null)} />}
    </div>
  );
}
