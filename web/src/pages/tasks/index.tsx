import { useTitle } from '../../app/session';
import TasksView from './TasksView';

export function TasksRoute() {
  useTitle('任务中心');
  return <TasksView title="任务中心" />;
}
