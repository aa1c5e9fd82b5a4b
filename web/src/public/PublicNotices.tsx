import './public.css';
import '../pages/detail/detail.css';

import { useQuery } from '@tanstack/react-query';
import { Input, Pagination, Select } from 'antd';
import { useState } from 'react';

import { entityQuery, pageQuery, recordsQuery } from '../api/queries';
import type { Filter, ListPage } from '../api/types';
import { useTitle } from '../app/session';
import { useDictionary } from '../kit/fields';
import { Failed, Loading } from '../kit/states';
import { Rows } from '../pages/detail/Facts';

const PAGE = 'eligibility.public_notices';
const SIZE = 20;

/** Public notices, without log-in. */
export function PublicNotices() {
  const { data: page, error } = useQuery(pageQuery(PAGE, true));
  useTitle(page?.title);
  return (
    <main className="public">
      <header><h1>{page?.title ?? '公示'}</h1></header>
      {page?.purpose && <p className="quiet">{page.purpose}</p>}
      {error ? <Failed error={error} /> : page?.kind === 'list' ? <Notices page={page} /> : <Loading />}
    </main>
  );
}

function Notices({ page }: { page: ListPage }) {
  const [district, setDistrict] = useState<string>();
  const [number, setNumber] = useState('');
  const [at, setAt] = useState(1);
  const { data: entity } = useQuery(entityQuery(page.entity));
  const districts = useDictionary(entity?.fields.district?.dictionary);
  const tests: Filter[] = [];
  if (district) tests.push({ field: 'district', op: 'eq', value: district });
  if (number) tests.push({ field: 'case_no', op: 'contains', value: number });
  const query = { where: { and: tests }, sort: page.sort, page: { size: SIZE, number: at }, count: true };
  const { data, error, refetch } = useQuery(recordsQuery(page.entity, query));
  if (error) return <Failed error={error} again={() => void refetch()} />;
  if (!entity || !data) return <Loading />;
  return (
    <>
      <div className="public-filters">
        <Select allowClear placeholder="全部区" aria-label="区" value={district} onChange={(code) => { setDistrict(code); setAt(1); }} options={districts?.items.map((item) => ({ value: item.code, label: item.title }))} />
        <Input.Search allowClear placeholder="受理编号" aria-label="受理编号" onSearch={(text) => { setNumber(text.trim()); setAt(1); }} />
      </div>
      <Rows entity={entity} columns={page.columns.map((column) => column.field)} rows={data.items} empty="目前没有公示。" />
      {(data.total ?? 0) > SIZE && <Pagination current={at} pageSize={SIZE} total={data.total ?? 0} onChange={setAt} showSizeChanger={false} />}
    </>
  );
}
