import { useQueryClient } from '@tanstack/react-query';
import { App } from 'antd';
import { useRef, useState } from 'react';
import { useNavigate } from 'react-router';

import { randomKey } from '../../api/client';
import { claimTask, completeTask, releaseTask, returnTask } from '../../api/commands';
import { ApiProblem, errorsByField, messageOf } from '../../api/problem';
import { tasksQuery } from '../../api/queries';
import type { Json, Task } from '../../api/types';
import { places } from '../../app/places';

/** Doing things with a task: one at a time, errors kept, then on to the next. */
export function useHandling(task: Task) {
  const { message } = App.useApp();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const attempt = useRef(randomKey());
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [errors, setErrors] = useState<Record<string, string>>({});

  const refresh = () =>
    queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'definition' && queryKey[0] !== 'session' });

  const run = async (work: () => Promise<unknown>, done: () => Promise<void>) => {
    setBusy(true);
    setProblem(null);
    setErrors({});
    try {
      await work();
      attempt.current = randomKey();
      await done();
    } catch (error) {
      if (error instanceof ApiProblem) setErrors(errorsByField(error.errors));
      setProblem(messageOf(error));
      if (error instanceof ApiProblem) attempt.current = randomKey();
    } finally {
      setBusy(false);
    }
  };

  const goOn = async (text: string) => {
    void message.success(text);
    const next = await queries.fetchQuery({ ...tasksQuery({ box: 'todo', page: 1, size: 5 }), staleTime: 0 });
    void refresh();
    const other = next.items.find((one) => one.id !== task.id);
    void navigate(other ? places.task(other.id) : places.tasks);
  };

  return {
    busy, problem, errors,
    complete: (outcome: string, opinion: string, data: Record<string, Json>) =>
      run(() => completeTask(task.id, { outcome, opinion: opinion || undefined, data }, attempt.current), () => goOn(`${task.title}：已提交`)),
    sendBack: (step: string, reason: string) => run(() => returnTask(task.id, step, reason), () => goOn('已退回')),
    claim: () => run(() => claimTask(task.id), async () => { await refresh(); }),
    release: () => run(() => releaseTask(task.id), () => goOn('已退回待办箱')),
  };
}
