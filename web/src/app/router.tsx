import { lazy, Suspense, type ComponentType, type LazyExoticComponent } from 'react';
import { createBrowserRouter, Navigate, Outlet } from 'react-router';

import { Empty, Loading } from '../kit/states';
import { places } from './places';
import { SignedIn, useSession } from './session';
import { Shell } from './Shell';

type Route = LazyExoticComponent<ComponentType>;
const named = <K extends string>(load: () => Promise<Record<K, ComponentType>>, name: K): Route =>
  lazy(async () => ({ default: (await load())[name] }));

const LogInPage = named(() => import('./LogInPage'), 'LogInPage');
const PasswordPage = named(() => import('./PasswordPage'), 'PasswordPage');
const TasksRoute = named(() => import('../pages/tasks'), 'TasksRoute');
const PageRoute = named(() => import('../pages/PageRoute'), 'PageRoute');
const EditRoute = named(() => import('../pages/EditRoute'), 'EditRoute');
const HandlingPage = named(() => import('../features/handling'), 'HandlingPage');
const PublicNotices = named(() => import('../public/PublicNotices'), 'PublicNotices');
const VerifyPage = named(() => import('../public/VerifyPage'), 'VerifyPage');

function Bare() {
  return (
    <Suspense fallback={<Loading />}>
      <Outlet />
    </Suspense>
  );
}

function Home() {
  const { home } = useSession();
  return <Navigate to={home ? places.page(home) : places.tasks} replace />;
}

export const router = createBrowserRouter([
  {
    element: <Bare />,
    children: [
      { path: '/login', element: <LogInPage /> },
      { path: '/password', element: <SignedIn><PasswordPage /></SignedIn> },
      { path: '/public/notices', element: <PublicNotices /> },
      { path: '/verify', element: <VerifyPage /> },
      { path: '/verify/:code', element: <VerifyPage /> },
    ],
  },
  {
    element: <Shell />,
    children: [
      { path: '/', element: <Home /> },
      { path: '/tasks', element: <TasksRoute /> },
      { path: '/tasks/:id', element: <HandlingPage /> },
      { path: '/p/:pageKey', element: <PageRoute /> },
      { path: '/p/:pageKey/:id', element: <PageRoute /> },
      { path: '/p/:pageKey/:id/edit', element: <EditRoute /> },
      { path: '*', element: <Empty text="没有这个页面，请从左侧菜单进入。" /> },
    ],
  },
]);
