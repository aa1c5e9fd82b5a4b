import type { BulkItem } from '../../api/exchange';
import type { Job } from '../../api/types';

/** What came of an action on many records, in one sentence. */
export function sentenceOf(job: Job, items: BulkItem[]): { tone: 'success' | 'warning' | 'error'; text: string } {
  const done = job.result?.done ?? items.filter((item) => item.outcome === 'done').length;
  const refused = job.result?.refused ?? items.length - done;
  if (job.state === 'cancelled') return { tone: 'warning', text: `已停止；停止前办理了 ${done} 条${refused ? `，${refused} 条未能办理` : ''}` };
  if (job.state !== 'done') return { tone: 'error', text: job.error ?? '处理失败，请稍后重试' };
  if (!refused) return { tone: 'success', text: `${done} 条全部办理完成` };
  if (!done) return { tone: 'error', text: `${refused} 条都未能办理` };
  return { tone: 'warning', text: `办理了 ${done} 条，${refused} 条未能办理` };
}
