import type { UseQueryResult } from '@tanstack/react-query';
import { Grid, Pagination, Table, type TableColumnsType } from 'antd';
import { Link, useNavigate } from 'react-router';

import type { Column, Field, ListPage, QueryResult, RecordJson } from '../../api/types';
import { places } from '../../app/places';
import { COUNTDOWN, countdownOf, idsIn, isFile } from '../../kit/fields';
import { FieldValue } from '../../kit/FieldValue';
import { FileLink } from '../../kit/FileLink';
import { countText, isBlank } from '../../kit/format';
import { plainOf } from '../../kit/richText';
import { Empty, Failed } from '../../kit/states';
import { DueTag } from '../../kit/Tag';
import { isSortable } from './filters';
import type { ListState } from './useListState';

interface Props {
  page: ListPage;
  state: ListState;
  records: UseQueryResult<QueryResult>;
  chosen?: string[];
  onChoose: (ids: string[]) => void;
}

/** Of columns whose definition gives none, and of the boxes that choose rows. */
const WIDTH = 140;
const SELECTION_WIDTH = 32;
/** Cut short in a row; the whole stands on the record's page and in the tip. */
const LONG = new Set(['text', 'long_text', 'rich_text', 'address', 'ref']);
const NUMERIC = new Set(['integer', 'decimal', 'money']);

export const columnTitle = (column: Column, field: Field | undefined) =>
  column.title ?? field?.title ?? '';

export function Cell({ column, record, state }: { column: Column; record: RecordJson; state: Pick<ListState, 'fields' | 'dictionaries'> }) {
  if (column.field === COUNTDOWN) {
    const countdown = countdownOf(record[COUNTDOWN]);
    return countdown ? <DueTag {...countdown} /> : <span className="quiet">—</span>;
  }
  const field = state.fields[column.field];
  const value = record[column.field];
  if (field && isFile(field.type) && !isBlank(value)) return <FilesCell ids={idsIn(value)} />;
  if (field?.type === 'rich_text' && typeof value === 'string') return <>{plainOf(value)}</>;
  return <FieldValue name={column.field} field={field} record={record} dictionary={state.dictionaries.get(field?.dictionary ?? '')} />;
}

/** The name of a file is as long as a row and has to be asked for: what it is stands in the head. */
function FilesCell({ ids }: { ids: string[] }) {
  return ids.length === 1 ? <FileLink id={ids[0]!} name="打开" /> : <>{ids.length} 个文件</>;
}

/** The rows: a table, or cards where the screen is narrow. */
export function RecordTable({ page, state, records, chosen, onChoose }: Props) {
  const navigate = useNavigate();
  const narrow = Grid.useBreakpoint().sm === false;
  const placeOf = (record: RecordJson) => {
    const id = page.detail_of ? record[page.detail_of] : record.id;
    return page.detail && typeof id === 'string' ? places.record(page.detail, id) : null;
  };
  const open = (record: RecordJson) => {
    const place = placeOf(record);
    if (place) void navigate(place);
  };
  if (records.error) return <Failed error={records.error} again={() => void records.refetch()} />;

  const items = records.data?.items ?? [];
  const total = records.data?.total;
  const filtered = Object.values(state.inputs).some((input) => input.length) || Boolean(state.view || state.brought || state.search);
  const none = <Empty text={filtered ? '没有符合条件的记录，请放宽条件。' : '暂无记录。'} />;
  const sorted = state.sort ?? (page.sort?.[0] ? `${page.sort[0].dir === 'desc' ? '-' : ''}${page.sort[0].field}` : '');
  const columns: TableColumnsType<RecordJson> = page.columns.map((column, index) => {
    const field = state.fields[column.field];
    return {
      key: column.field,
      title: columnTitle(column, field),
      width: column.width ?? WIDTH,
      align: field && NUMERIC.has(field.type) && column.field !== COUNTDOWN ? 'right' : undefined,
      className: field && LONG.has(field.type) ? 'cell-text' : 'cell-short',
      ellipsis: field && LONG.has(field.type) ? { showTitle: true } : undefined,
      sorter: isSortable(column.field, field),
      sortOrder: sorted === column.field ? 'ascend' : sorted === `-${column.field}` ? 'descend' : null,
      render: (_, record) => {
        const cell = <Cell column={column} record={record} state={state} />;
        const place = index === 0 ? placeOf(record) : null;
        return place ? <Link to={place} onClick={(event) => event.stopPropagation()}>{cell}</Link> : cell;
      },
    };
  });

  const paging = total !== 0 && items.length > 0 && (
    <Pagination
      className="list-paging" size="small" current={state.number} pageSize={state.size} showSizeChanger pageSizeOptions={[20, 50, 100]} hideOnSinglePage={false}
      total={total ?? (state.number - 1) * state.size + items.length + (items.length === state.size ? 1 : 0)}
      showTotal={() => (typeof total === 'number' ? `共 ${countText(total, records.data?.at_least ?? false)} 条` : '')}
      onChange={(number, size) => state.set({ page: number > 1 ? String(number) : null, size: size === 20 ? null : String(size) })}
    />
  );

  if (narrow) {
    return (
      <div aria-busy={records.isFetching}>
        {items.length === 0 && !records.isPending && none}
        <ul className="record-cards">
          {items.map((record) => (
            <li key={record.id} onClick={() => open(record)}>
              {page.columns.map((column, index) => (
                <div key={column.field}>
                  <span>{columnTitle(column, state.fields[column.field])}</span>
                  <span>
                    {index === 0 && placeOf(record) ? (
                      <Link to={placeOf(record) ?? ''}><Cell column={column} record={record} state={state} /></Link>
                    ) : <Cell column={column} record={record} state={state} />}
                  </span>
                </div>
              ))}
            </li>
          ))}
        </ul>
        {paging}
      </div>
    );
  }
  return (
    <>
      <Table<RecordJson>
        className={page.detail ? 'record-table opens' : 'record-table'} size="small" rowKey="id" columns={columns} dataSource={items} pagination={false}
        loading={records.isPending || records.isPlaceholderData} tableLayout="fixed" scroll={{ x: columns.reduce((sum, column) => sum + Number(column.width), chosen ? SELECTION_WIDTH : 0) }} sticky={{ getContainer: () => document.getElementById('content') ?? window }} locale={{ emptyText: records.isPending ? ' ' : none }}
        showSorterTooltip={false}
        rowSelection={chosen && { selectedRowKeys: chosen, onChange: (keys) => onChoose(keys.map(String)) }}
        onRow={(record) => ({ onClick: () => open(record) })}
        onChange={(_, __, sorter) => {
          if (Array.isArray(sorter)) return;
          const sign = sorter.order === 'descend' ? '-' : '';
          state.set({ sort: sorter.order ? `${sign}${String(sorter.columnKey)}` : null });
        }}
      />
      {paging}
    </>
  );
}
