import { App, Button, Progress } from 'antd';
import { useState, type ReactNode } from 'react';

import { cancelJob } from '../api/exchange';
import { messageOf } from '../api/problem';
import type { Job } from '../api/types';

interface Props {
  job: Job | undefined;
  /** What is being counted, e.g. 行. */
  unit: string;
  /** Before the first count. */
  beginning: string;
  children?: ReactNode;
}

/** How long work goes, and a way to call it off. */
export function JobProgress({ job, unit, beginning, children }: Props) {
  const { message } = App.useApp();
  const [busy, setBusy] = useState(false);
  const { done = 0, total = 0 } = job?.progress ?? {};
  const cancel = async () => {
    if (!job) return;
    setBusy(true);
    try {
      const { cancelled } = await cancelJob(job.id);
      if (!cancelled) void message.info('已经处理完毕');
    } catch (problem) {
      void message.error(messageOf(problem));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div role="status">
      <p>{total ? `正在处理：${done} / ${total} ${unit}` : beginning}</p>
      <Progress percent={total ? Math.floor((100 * done) / total) : 0} showInfo={total > 0} status="active" />
      <p className="quiet small">可以关闭此窗口，处理会继续。</p>
      <div className="dialog-buttons">
        <Button danger loading={busy} disabled={!job} onClick={() => void cancel()}>停止处理</Button>
        {children}
      </div>
    </div>
  );
}

export const isOpen = (job: Job | undefined) => !job || job.state === 'queued' || job.state === 'running';
