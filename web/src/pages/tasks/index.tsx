import '../detail/detail.css';

import { useTitle } from '../../app/session';
import TasksView from './TasksView';

export function TasksRoute() {
  useTitle('任务中心');
  return <TasksView processes={[]} title="任务中心" />;
}
