import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { useParams } from 'react-router';

import { pageQuery } from '../api/queries';
import { useTitle } from '../app/session';
import { Empty, Failed, Loading } from '../kit/states';

const ListView = lazy(() => import('./list/ListView'));
const FormView = lazy(() => import('./form/FormView'));
const DetailView = lazy(() => import('./detail/DetailView'));
const DashboardView = lazy(() => import('./dashboard/DashboardView'));
const TasksView = lazy(() => import('./tasks/TasksView'));

/** Renders the page a definition describes; the kind decides how. */
export function PageRoute() {
  const { pageKey = '', id } = useParams();
  const { data: page, error, refetch } = useQuery(pageQuery(pageKey));
  useTitle(page?.title);
  if (error) return <Failed error={error} again={() => void refetch()} />;
  if (!page) return <Loading />;
  return <Suspense fallback={<Loading />}>{viewOf()}</Suspense>;

  function viewOf() {
    switch (page?.kind) {
      case 'list':
        return <ListView key={page.page} page={page} />;
      case 'form':
        return <FormView key={page.page} page={page} />;
      case 'detail':
        return id ? <DetailView key={id} page={page} id={id} /> : <Empty text="请从列表中打开一条记录。" />;
      case 'dashboard':
        return <DashboardView page={page} />;
      case 'tasks':
        return <TasksView title={page.title} purpose={page.purpose} process={page.processes?.length === 1 ? page.processes[0] : undefined} />;
      default:
        return <Empty text="这种页面当前版本不能显示，请刷新后重试。" />;
    }
  }
}
