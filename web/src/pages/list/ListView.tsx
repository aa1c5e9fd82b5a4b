import './list.css';

import { PlusOutlined, UploadOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Button, Segmented } from 'antd';
import { lazy, Suspense, useState } from 'react';
import { Link } from 'react-router';

import { entityQuery } from '../../api/queries';
import type { ListPage } from '../../api/types';
import { places } from '../../app/places';
import { PageHead } from '../../kit/PageHead';
import { Failed, Loading } from '../../kit/states';
import { BulkActions } from './BulkActions';
import { FilterBar } from './FilterBar';
import { RecordTable } from './RecordTable';
import { useListState } from './useListState';

const ImportWizard = lazy(() => import('../../features/import'));
const ALL = '全部';

export default function ListView({ page: definition }: { page: ListPage }) {
  const { data: entity, error, refetch } = useQuery(entityQuery(definition.entity));
  const { page, state, records } = useListState(definition, entity);
  const [chosen, setChosen] = useState<string[]>([]);
  const [importing, setImporting] = useState(false);
  if (error) return <Failed error={error} again={() => void refetch()} />;
  if (!entity) return <Loading />;

  const views = Object.keys(page.views ?? {});
  const actions = (page.actions ?? []).filter((key) => entity.actions?.[key]);
  const may = entity.permissions;
  return (
    <div className="page">
      <PageHead title={page.title} purpose={page.purpose}>
        {page.import && may?.import !== false && (
          <Button icon={<UploadOutlined aria-hidden />} onClick={() => setImporting(true)}>导入</Button>
        )}
        {page.create && may?.create !== false && (
          <Link to={places.page(page.create)} tabIndex={-1}>
            <Button type="primary" icon={<PlusOutlined aria-hidden />}>新增{entity.title}</Button>
          </Link>
        )}
      </PageHead>
      <section className="card">
        <FilterBar page={page} state={state} />
        {(views.length > 0 || state.brought) && (
          <div className="list-views">
            {views.length > 0 && (
              <Segmented
                options={[ALL, ...views]} value={state.view && views.includes(state.view) ? state.view : ALL}
                onChange={(view) => state.set({ view: view === ALL ? null : view })}
              />
            )}
            {state.brought && (
              <Button size="small" onClick={() => state.set({ where: null })}>已按统计数字筛选，点击取消</Button>
            )}
          </div>
        )}
        {chosen.length > 0 && (
          <BulkActions entity={entity} actions={actions} ids={chosen} onDone={() => setChosen([])} />
        )}
        <RecordTable
          page={page} state={state} records={records}
          chosen={actions.length > 0 ? chosen : undefined} onChoose={setChosen}
        />
      </section>
      {importing && (
        <Suspense fallback={null}>
          <ImportWizard entity={entity} onClose={() => setImporting(false)} />
        </Suspense>
      )}
    </div>
  );
}
