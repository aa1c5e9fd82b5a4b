import { useQuery } from '@tanstack/react-query';

import { entityQuery, historyQuery, recordsQuery } from '../../api/queries';
import type { Entity, Field, HistoryChange, Related } from '../../api/types';
import { formatTime } from '../../kit/format';
import { Empty, Failed, Loading } from '../../kit/states';
import { Confirmed } from './Confirmed';
import { Rows } from './Facts';
import { fieldAt, wordsOf } from './history';

const RELATED_MAX = 200;

export function HistoryPanel({ entity, id }: { entity: Entity; id: string }) {
  const { data, error, refetch } = useQuery(historyQuery(entity.entity, id));
  if (error) return <Failed error={error} again={() => void refetch()} />;
  if (!data) return <Loading />;
  if (data.length === 0) return <Empty text="没有变更记录。" />;
  return (
    <table className="detail-table history">
      <thead><tr><th>时间</th><th>操作人</th><th>变更内容</th><th>原因</th></tr></thead>
      <tbody>
        {data.map((entry) => (
          <tr key={`${entry.version}-${entry.at}`}>
            <td className="numeric keep">{formatTime(entry.at)}</td><td className="keep">{entry.actor_name || '系统'}</td>
            <td><ul>{entry.changes.map((change) => <Change key={change.field} change={change} field={fieldAt(entity, change.field)} />)}</ul></td>
            <td>{entry.why ?? ''}<Confirmed all={entry.confirmations} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Change({ change: { title, before, after }, field }: { change: HistoryChange; field: Field | undefined }) {
  const [from, to] = [wordsOf(field, before), wordsOf(field, after)];
  if (from === null && to === null) return <li>{title}：已更新</li>;
  return (
    <li>
      {title}：{from === null ? <b>{to}</b> : <><s>{from}</s> → <b>{to ?? '（清空）'}</b></>}
    </li>
  );
}

export function RelatedPanel({ related, id }: { related: Related; id: string }) {
  const { data: entity } = useQuery(entityQuery(related.entity));
  const where = { field: related.by, op: 'eq' as const, value: id };
  const { data, error, refetch } = useQuery(recordsQuery(related.entity, { where, sort: related.sort, page: { size: RELATED_MAX } }));
  if (error) return <Failed error={error} again={() => void refetch()} />;
  if (!entity || !data) return <Loading />;
  const titles = Object.fromEntries(related.columns.map((column) => [column.field, column.title]));
  return (
    <Rows
      entity={entity} columns={related.columns.map((column) => column.field)} rows={data.items} titles={titles} detail={related.detail ?? undefined}
      empty={`没有${entity.title}。`}
    />
  );
}
