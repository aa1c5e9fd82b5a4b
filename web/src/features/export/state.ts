import type { MyExport } from '../../api/exchange';
import type { Tone } from '../../api/types';
import { formatTime } from '../../kit/format';

/** How an export stands, in a word and, where it helps, a sentence. */
export function stateOf(one: MyExport): { tone: Tone; text: string; detail?: string } {
  switch (one.state) {
    case 'pending': return { tone: 'warning', text: '待审批' };
    case 'approved': return { tone: 'info', text: '生成中' };
    case 'refused': return { tone: 'danger', text: '不同意', detail: one.note ?? undefined };
    case 'failed': return { tone: 'danger', text: '未能生成', detail: one.error ?? undefined };
    case 'cancelled': return { tone: 'neutral', text: '已取消' };
    case 'expired': return { tone: 'neutral', text: '已过期', detail: '下载期限已过，请重新导出' };
    default: return { tone: 'success', text: '可下载', detail: one.expires_at ? `${formatTime(one.expires_at)} 前有效` : undefined };
  }
}
