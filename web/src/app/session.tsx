import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, type ReactNode } from 'react';
import { Navigate, useLocation } from 'react-router';

import { linkSession } from '../api/client';
import { ApiProblem } from '../api/problem';
import { sessionQuery } from '../api/queries';
import type { Session } from '../api/types';
import { Failed, Loading } from '../kit/states';

const Current = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(Current);
  if (!session) throw new Error('useSession outside of a signed-in page');
  return session;
}

/** The session when there is one: public pages have none. */
export function useMaybeSession(): Session | null {
  return useContext(Current);
}

/** Shows its pages to those who are signed in; sends the others to the log-in page and back afterwards. */
export function SignedIn({ children }: { children: ReactNode }) {
  const place = useLocation();
  const { data, error, refetch } = useQuery(sessionQuery);
  useFreshDefinitions();
  // During rendering, so that the first write of a page already carries the token.
  if (data) linkSession({ csrf: data.csrf });

  if (!data && error instanceof ApiProblem && error.status === 401) {
    const next = place.pathname + place.search;
    return <Navigate to={next === '/' ? '/login' : `/login?next=${encodeURIComponent(next)}`} replace />;
  }
  if (!data && error) return <Failed error={error} again={() => void refetch()} />;
  if (!data) return <Loading />;
  if (data.must_change_password && place.pathname !== '/password') return <Navigate to="/password" replace />;
  return <Current value={data}>{children}</Current>;
}

/** Menus, pages and fields follow what is published, without a reload. */
function useFreshDefinitions(): void {
  const queries = useQueryClient();
  useEffect(() => {
    const published = () => {
      void queries.invalidateQueries({
        predicate: ({ queryKey }) => queryKey[0] === 'session' || queryKey[0] === 'definition',
      });
    };
    linkSession({ published });
    return () => linkSession({ published: null });
  }, [queries]);
}

/** Reads the session again, e.g. after a change of post, and forgets what the old one saw. */
export function useRenewedSession(): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    await queries.fetchQuery({ ...sessionQuery, staleTime: 0 }).then((session) => linkSession({ csrf: session.csrf }));
    await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
  };
}

/** Title of the browser's tab. */
export function useTitle(title: string | undefined): void {
  useEffect(() => {
    document.title = title ? `${title} · 安居` : '安居 · 住房保障平台';
  }, [title]);
}
