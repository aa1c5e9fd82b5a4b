import { useQuery } from '@tanstack/react-query';
import { Segmented } from 'antd';
import { lazy, Suspense, useState, type ReactNode } from 'react';

import { instanceQuery, instancesQuery } from '../../api/queries';
import type { Instance, TrailEntry } from '../../api/types';
import { formatTime } from '../../kit/format';
import { Empty, Failed, Loading } from '../../kit/states';

const ProcessPicture = lazy(() => import('./ProcessPicture'));

interface Props {
  entity: string;
  id: string;
}

export function OpinionsPanel(props: Props) {
  return <OfInstance {...props} none="案件尚未提交，没有审核意见。">{(instance) => <Opinions instance={instance} />}</OfInstance>;
}

export function ProcessPanel(props: Props) {
  return <OfInstance {...props} none="案件尚未提交，没有流程。">{(instance) => <Course instance={instance} />}</OfInstance>;
}

/** One process of the record: the latest, unless another is chosen. */
function OfInstance({ entity, id, none, children }: Props & { none: string; children: (instance: Instance) => ReactNode }) {
  const list = useQuery(instancesQuery(entity, id));
  const [chosen, setChosen] = useState<string | null>(null);
  const shown = chosen ?? list.data?.[0]?.id ?? '';
  const one = useQuery({ ...instanceQuery(shown), enabled: Boolean(shown) });
  const error = list.error ?? one.error;
  if (error) return <Failed error={error} again={() => void (list.error ? list.refetch() : one.refetch())} />;
  if (list.data?.length === 0) return <Empty text={none} />;
  if (!list.data || !one.data) return <Loading />;
  return (
    <>
      {list.data.length > 1 && (
        <Segmented
          className="detail-choice" value={shown} onChange={setChosen}
          options={list.data.map((instance) => ({ value: instance.id, label: `${instance.title}（${formatTime(instance.started_at).slice(0, 10)}）` }))}
        />
      )}
      {children(one.data)}
    </>
  );
}

function Opinions({ instance }: { instance: Instance }) {
  const given = instance.trail.filter((entry) => entry.outcome_title || entry.opinion);
  if (given.length === 0) return <Empty text="还没有审核意见。" />;
  return (
    <table className="detail-table opinions">
      <thead><tr><th>环节</th><th>结论</th><th>意见</th><th>办理人</th><th>时间</th></tr></thead>
      <tbody>
        {given.map((entry) => (
          <tr key={entry.seq}>
            <td className="keep">{entry.title}</td><td className="keep">{entry.outcome_title}</td><td className="pre">{entry.opinion ?? <span className="quiet">—</span>}</td>
            <td className="keep">{entry.actor_name}</td><td className="numeric keep">{formatTime(entry.at)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Entries of the trail that people care for: what was done, and what the platform waited for. */
function steps(trail: TrailEntry[]): TrailEntry[] {
  return trail.filter((entry) => entry.title && !['entered', 'flow', 'gateway'].includes(entry.kind));
}

const KINDS: Record<string, string> = {
  started: '发起', completed: '办理', returned: '退回', claimed: '签收', released: '退回待办箱', waiting: '等待', signalled: '收到结果', told: '收到消息', timer: '到期', migrated: '迁移版本', repaired: '修复',
  cancelled: '取消', withdrawn: '撤回', ended: '办结', transferred: '转办', asked: '委派或加签', advised: '签署意见', copied: '抄送', read: '已阅', urged: '催办',
  suspended: '挂起', resumed: '恢复', terminated: '终止', jumped: '跳转',
};

function Course({ instance }: { instance: Instance }) {
  const next = instance.next ?? [];
  return (
    <>
      {instance.bpmn && <Suspense fallback={<Loading />}><ProcessPicture instance={instance} /></Suspense>}
      {next.length > 0 && (
        <p className="detail-next">
          下一步：{next.map((step) => `${step.title}${step.roles?.length ? `（${step.roles.join('、')}）` : ''}`).join('、')}
        </p>
      )}
      <table className="detail-table">
        <thead><tr><th>时间</th><th>环节</th><th>事项</th><th>办理人</th><th>结果</th></tr></thead>
        <tbody>
          {steps(instance.trail).map((entry) => (
            <tr key={entry.seq}>
              <td className="numeric keep">{formatTime(entry.at)}</td><td>{entry.title}</td><td>{KINDS[entry.kind] ?? ''}</td>
              <td>{entry.actor_name || '系统'}</td><td>{entry.outcome_title ?? ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
