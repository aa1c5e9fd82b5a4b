import { useQueryClient } from '@tanstack/react-query';
import { App } from 'antd';
import { useRef, useState } from 'react';

import { randomKey } from '../../api/client';
import { claimTask, completeTask, releaseTask, returnTask } from '../../api/commands';
import { ApiProblem, errorsByField, type FieldError } from '../../api/problem';
import { afterChange } from '../../api/queries';
import type { Confirm, Json, Task } from '../../api/types';
import { problemAfter, warningsAfter } from '../../kit/confirmations';

/** The state of things, not the input, stands against it: what is shown is out of date. */
const OUT_OF_DATE = 409;

/** Doing things with a task: one at a time, errors kept; `onLeft` when it is off the desk. */
export function useHandling(task: Task, version: number, onLeft: () => void) {
  const { message } = App.useApp();
  const queries = useQueryClient();
  const attempt = useRef(randomKey());
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [warnings, setWarnings] = useState<FieldError[]>([]);

  const run = async (work: () => Promise<unknown>, done?: string) => {
    if (busy) return;
    setBusy(true);
    setProblem(null);
    setErrors({});
    try {
      await work();
      setWarnings([]);
      if (done) {
        void message.success(done);
        onLeft();
      }
      await afterChange(queries);
    } catch (error) {
      setProblem(problemAfter(error));
      setWarnings((asked) => warningsAfter(asked, error));
      if (error instanceof ApiProblem) {
        setErrors(errorsByField(error.errors));
        if (error.status === OUT_OF_DATE) await afterChange(queries);
      }
    } finally {
      attempt.current = randomKey();
      setBusy(false);
    }
  };

  const named = `${task.record_display} ${task.title}`;
  return {
    busy, problem, errors, warnings,
    dismissWarnings: () => setWarnings([]),
    complete: (outcome: string, outcomeTitle: string, opinion: string, data: Record<string, Json>, confirm?: Confirm[]) =>
      run(
        () => completeTask(task.id, { outcome, opinion: opinion || undefined, data, record_version: version, confirm }, attempt.current),
        `${named}：${outcomeTitle}`,
      ),
    sendBack: (step: string, reason: string) => run(() => returnTask(task.id, step, reason), `${named}：已退回`),
    claim: () => run(() => claimTask(task.id)),
    release: () => run(() => releaseTask(task.id), `${named}：已退回待办箱`),
    refuse: (found: Record<string, string>) => {
      setErrors(found);
      setProblem(null);
    },
  };
}
