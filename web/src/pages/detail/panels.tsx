import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';

import { fileUrl } from '../../api/client';
import { historyQuery, instanceQuery, instancesQuery, recordsQuery } from '../../api/queries';
import type { Entity, Related, Values } from '../../api/types';
import { entityQuery } from '../../api/queries';
import { rowsOf } from '../../kit/fields';
import { FileLink } from '../../kit/FileLink';
import { formatTime } from '../../kit/format';
import { JsonValue } from '../../kit/JsonValue';
import { Empty, Failed, Loading } from '../../kit/states';
import { Confirmed } from './Confirmed';
import { Rows } from './Facts';

const ProcessPicture = lazy(() => import('./ProcessPicture'));

/** Instances of a record with their trails. */
function useInstance(entity: string, id: string) {
  const list = useQuery(instancesQuery(entity, id));
  const first = list.data?.[0]?.id ?? '';
  const one = useQuery({ ...instanceQuery(first), enabled: Boolean(first) });
  return { none: list.data?.length === 0, instance: one.data, error: list.error ?? one.error };
}

export function OpinionsPanel({ entity, id }: { entity: string; id: string }) {
  const { none, instance, error } = useInstance(entity, id);
  if (error) return <Failed error={error} />;
  if (none) return <Empty text="案件尚未提交，没有审核意见。" />;
  if (!instance) return <Loading />;
  const given = instance.trail.filter((entry) => entry.outcome_title || entry.opinion);
  if (given.length === 0) return <Empty text="还没有审核意见。" />;
  return (
    <table className="detail-table">
      <thead><tr><th>环节</th><th>办理人</th><th>时间</th><th>结论</th><th>意见</th></tr></thead>
      <tbody>
        {given.map((entry) => (
          <tr key={entry.seq}>
            <td>{entry.title}</td><td>{entry.actor_name}</td><td className="numeric">{formatTime(entry.at)}</td>
            <td>{entry.outcome_title}</td><td className="pre">{entry.opinion}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function ProcessPanel({ entity, id }: { entity: string; id: string }) {
  const { none, instance, error } = useInstance(entity, id);
  if (error) return <Failed error={error} />;
  if (none) return <Empty text="案件尚未提交，没有流程。" />;
  if (!instance) return <Loading />;
  const steps = instance.trail.filter((entry) => entry.title && entry.kind !== 'flow');
  return (
    <>
      {instance.bpmn && <Suspense fallback={<Loading />}><ProcessPicture instance={instance} /></Suspense>}
      {Boolean(instance.next?.length) && <p>下一步：{instance.next?.map((step) => step.title).join('、')}</p>}
      <table className="detail-table">
        <thead><tr><th>时间</th><th>环节</th><th>办理人</th><th>结果</th></tr></thead>
        <tbody>
          {steps.map((entry) => (
            <tr key={entry.seq}>
              <td className="numeric">{formatTime(entry.at)}</td><td>{entry.title}</td><td>{entry.actor_name ?? '系统'}</td><td>{entry.outcome_title ?? ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

export function HistoryPanel({ entity, id }: { entity: string; id: string }) {
  const { data, error } = useQuery(historyQuery(entity, id));
  if (error) return <Failed error={error} />;
  if (!data) return <Loading />;
  if (data.length === 0) return <Empty text="没有变更记录。" />;
  return (
    <table className="detail-table">
      <thead><tr><th>时间</th><th>操作人</th><th>原因</th><th>变更内容</th></tr></thead>
      <tbody>
        {data.map((entry) => (
          <tr key={`${entry.version}-${entry.at}`}>
            <td className="numeric">{formatTime(entry.at)}</td><td>{entry.actor_name}</td><td>{entry.why}<Confirmed all={entry.confirmations} /></td>
            <td>
              {entry.changes.map((change) => (
                <div key={change.field}>{change.title}：<JsonValue value={change.before ?? '（空）'} /> → <JsonValue value={change.after ?? '（空）'} /></div>
              ))}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function FilesPanel({ entity, record }: { entity: Entity; record: Values }) {
  const files = filesOf(entity, record);
  const [chosen, setChosen] = useState(files[0]?.id);
  if (files.length === 0) return <Empty text="没有材料文件。" />;
  return (
    <div className="detail-files">
      <ul>
        {files.map((file) => (
          <li key={file.id}>
            <button type="button" className="link" aria-pressed={file.id === chosen} onClick={() => setChosen(file.id)}>{file.title}</button>{' '}
            <FileLink id={file.id} name="打开" />
          </li>
        ))}
      </ul>
      {chosen && <iframe title="文件预览" src={fileUrl(chosen)} />}
    </div>
  );
}

function filesOf(entity: Entity, record: Values): { id: string; title: string }[] {
  const own = Object.entries(entity.fields)
    .filter(([name, field]) => field.type === 'file' && typeof record[name] === 'string')
    .map(([name, field]) => ({ id: String(record[name]), title: field.title }));
  const rows = Object.entries(entity.children ?? {}).flatMap(([name, child]) => {
    const key = Object.entries(child.fields).find(([, field]) => field.type === 'file')?.[0];
    return rowsOf(record, name)
      .filter((row) => key && row[key])
      .map((row) => ({ id: String(row[key ?? '']), title: String(row.title ?? row.$display ?? child.title) }));
  });
  return [...own, ...rows];
}

export function RelatedPanel({ related, id }: { related: Related; id: string }) {
  const { data: entity } = useQuery(entityQuery(related.entity));
  const where = { field: related.by, op: 'eq' as const, value: id };
  const { data, error, refetch } = useQuery(recordsQuery(related.entity, { where, sort: related.sort, page: { size: 200 } }));
  if (error) return <Failed error={error} again={() => void refetch()} />;
  if (!entity || !data) return <Loading />;
  const titles = Object.fromEntries(related.columns.map((column) => [column.field, column.title]));
  return <Rows entity={entity} columns={related.columns.map((column) => column.field)} rows={data.items} titles={titles} empty="没有记录。" />;
}
