import { useQuery } from '@tanstack/react-query';
import { Input, Pagination, Select } from 'antd';
import { useState } from 'react';

import { entityQuery, pageQuery, recordsQuery } from '../api/queries';
import type { Entity, Field, Filter, ListPage, RecordJson } from '../api/types';
import { useTitle } from '../app/session';
import { useDictionaries, useDictionary } from '../kit/fields';
import { FieldValue } from '../kit/FieldValue';
import { countText } from '../kit/format';
import { Empty, Failed, Loading } from '../kit/states';
import { PublicPage } from './PublicPage';

const PAGE = 'eligibility.public_notices';
const SIZE = 20;

/** Public notices, without log-in. */
export function PublicNotices() {
  const { data: page, error, refetch } = useQuery(pageQuery(PAGE, true));
  useTitle(page?.title);
  return (
    <PublicPage title={page?.title ?? '公示'} purpose={page?.purpose}>
      {error ? <Failed error={error} again={() => void refetch()} /> : page?.kind === 'list' ? <Notices page={page} /> : <Loading />}
    </PublicPage>
  );
}

function Notices({ page }: { page: ListPage }) {
  const [chosen, setChosen] = useState<Record<string, string>>({});
  const [number, setNumber] = useState('');
  const [at, setAt] = useState(1);
  const { data: entity } = useQuery(entityQuery(page.entity));
  const tests: Filter[] = Object.entries(chosen).map(([field, value]) => ({ field, op: 'eq', value }));
  if (number) tests.push({ field: 'case_no', op: 'contains', value: number });
  const query = { where: { and: tests }, sort: page.sort, page: { size: SIZE, number: at }, count: true };
  const { data, error, refetch } = useQuery(recordsQuery(page.entity, query));
  const choose = (name: string) => (value: string | undefined) => {
    setChosen((before) => Object.fromEntries([...Object.entries(before).filter(([other]) => other !== name), ...(value ? [[name, value]] : [])]));
    setAt(1);
  };
  if (error) return <Failed error={error} again={() => void refetch()} />;
  if (!entity || !data) return <Loading />;
  return (
    <>
      <div className="public-filters">
        <Choice field={entity.fields.district} value={chosen.district} onChange={choose('district')} all="全部区" />
        <Choice field={entity.fields.kind} value={chosen.kind} onChange={choose('kind')} all="全部公示" />
        <Input.Search allowClear placeholder="受理编号" aria-label="受理编号" maxLength={40} onSearch={(text) => { setNumber(text.trim()); setAt(1); }} />
      </div>
      {data.items.length === 0
        ? <Empty text={tests.length ? '没有符合条件的公示，请放宽条件。' : '目前没有公示。'} />
        : <NoticeTable page={page} entity={entity} rows={data.items} />}
      {(data.total ?? 0) > SIZE && (
        <Pagination className="public-paging" current={at} pageSize={SIZE} total={data.total ?? 0} onChange={setAt} showSizeChanger={false} showTotal={(total) => `共 ${countText(total, data.at_least)} 条`} />
      )}
    </>
  );
}

function Choice({ field, value, onChange, all }: { field: Field | undefined; value: string | undefined; onChange: (value: string | undefined) => void; all: string }) {
  const dictionary = useDictionary(field?.dictionary);
  if (!field) return null;
  return (
    <Select
      allowClear placeholder={all} aria-label={field.title} value={value} onChange={onChange} popupMatchSelectWidth={false}
      options={dictionary?.items.map((item) => ({ value: item.code, label: item.title }))}
    />
  );
}

/** A table; on a narrow screen each row stands as a card, its cells named by `data-title`. */
function NoticeTable({ page, entity, rows }: { page: ListPage; entity: Entity; rows: RecordJson[] }) {
  const columns = page.columns.map(({ field: name, title }) => ({ name, field: entity.fields[name], title: title ?? entity.fields[name]?.title ?? '' }));
  const dictionaries = useDictionaries(columns.map(({ field }) => field));
  return (
    <table className="public-table">
      <thead><tr>{columns.map(({ name, title }) => <th key={name}>{title}</th>)}</tr></thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            {columns.map(({ name, field, title }) => (
              <td key={name} data-title={title}><FieldValue name={name} field={field} record={row} dictionary={dictionaries.get(field?.dictionary ?? '')} /></td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
