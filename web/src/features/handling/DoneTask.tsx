import { Button } from 'antd';

import type { Task } from '../../api/types';
import { formatTime } from '../../kit/format';
import type { Queue } from './useQueue';

const STATES: Partial<Record<Task['state'], string>> = { done: '已办理', returned: '已退回', cancelled: '已取消' };

/** A task that nobody has to do any more. */
export function DoneTask({ task, queue }: { task: Task; queue: Queue }) {
  return (
    <>
      <p><b>此任务{STATES[task.state] ?? '已结束'}</b></p>
      {task.outcome_title && <p>结论：{task.outcome_title}</p>}
      {task.opinion && <p className="pre">意见：{task.opinion}</p>}
      <p className="quiet">{task.assignee_name} {formatTime(task.completed_at)}</p>
      <div className="handling-buttons">
        {queue.next && <Button type="primary" onClick={() => queue.go(queue.next)}>办理下一件</Button>}
        <Button onClick={queue.back}>返回任务列表</Button>
      </div>
    </>
  );
}
