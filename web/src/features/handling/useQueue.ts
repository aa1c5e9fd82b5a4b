import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useNavigate, useSearchParams } from 'react-router';

import { taskQuery, tasksQuery } from '../../api/queries';
import type { Task } from '../../api/types';
import { places } from '../../app/places';
import { afterDone, neighboursOf, paramsOf, queryOf, workListFrom } from '../../pages/tasks/workList';

/** As many tasks as one goes through without coming back to the list. */
const SIZE = 200;
const TAB = 'tab';

export interface Queue {
  previous: Task | null;
  next: Task | null;
  /** From 1; 0 when the task is not among those to do. */
  place: number;
  total: number;
  go: (task: Task | null) => void;
  back: () => void;
  /** Leaves a task that is done: on to the next one, or back to the list when none is left. */
  leave: () => void;
}

/** The list of work a task is handled in, as the address names it. The chosen tab comes along. */
export function useQueue(id: string): Queue {
  const [params] = useSearchParams();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const list = { ...workListFrom(params), box: 'todo' as const, page: 1 };
  const { data } = useQuery(tasksQuery(queryOf(list, SIZE)));
  const items = data?.items ?? [];
  const { previous, next, place } = neighboursOf(items, id);
  const address = paramsOf(list);
  const go = (task: Task | null) => {
    if (!task) return;
    const tab = params.get(TAB);
    const with_ = new URLSearchParams(address);
    if (tab) with_.set(TAB, tab);
    void navigate(places.task(task.id, with_));
  };
  const back = () => void navigate(places.workList(address));

  const nextId = next?.id;
  useEffect(() => {
    // Most go on with the next: it is read while this one is being thought about.
    if (nextId) void queries.prefetchQuery(taskQuery(nextId));
  }, [nextId, queries]);

  return {
    previous, next, place, total: data?.total ?? 0, go, back,
    leave: () => {
      const following = afterDone(items, id);
      if (following) go(following);
      else back();
    },
  };
}
