import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo, useRef, useState } from 'react';

import { randomKey } from '../../api/client';
import { createRecord, patchRecord, runAction } from '../../api/commands';
import { ApiProblem, errorsByField, type FieldError } from '../../api/problem';
import { afterChange } from '../../api/queries';
import type { Confirm, Entity, FormPage, Json, RecordJson, Values } from '../../api/types';
import { problemAfter, warningsAfter } from '../../kit/confirmations';
import { changesOf, defaultsOf, errorsWithoutRow, missingInForm } from './changes';

export interface RecordForm {
  /** The record as it was last loaded or saved; none before a new one is saved. */
  before: RecordJson | undefined;
  values: Values;
  errors: Record<string, string>;
  /** What stands against saving as a whole. */
  problem: string | null;
  stale: boolean;
  busy: boolean;
  dirty: boolean;
  set: (name: string, value: Json) => void;
  removeRow: (table: string, row: number) => void;
  /** Whether nothing is plainly missing; what is, goes to the errors. */
  check: () => boolean;
  /** Saves, then acts; the id of the record when all went well. */
  save: (action?: string, confirm?: Confirm[]) => Promise<string | null>;
  /** What the server asks to be confirmed before it saves. */
  warnings: FieldError[];
  dismissWarnings: () => void;
}

/** The state of one form: what was loaded, what stands in the inputs, what the server said about it. */
export function useRecordForm(page: FormPage, entity: Entity, loaded?: RecordJson): RecordForm {
  const queries = useQueryClient();
  const [saved, setSaved] = useState<RecordJson | undefined>(loaded);
  const [values, setValues] = useState<Values>(() => loaded ?? defaultsOf(entity));
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [problem, setProblem] = useState<string | null>(null);
  const [stale, setStale] = useState(false);
  const [busy, setBusy] = useState(false);
  const [warnings, setWarnings] = useState<FieldError[]>([]);
  const attempt = useRef(randomKey());

  const start = useMemo<Values>(() => saved ?? defaultsOf(entity), [saved, entity]);
  const dirty = useMemo(() => Object.keys(changesOf(page, entity, start, values)).length > 0, [page, entity, start, values]);

  const set = useCallback((name: string, value: Json) => {
    setValues((all) => ({ ...all, [name]: value }));
    setErrors((all) => {
      if (!(name in all)) return all;
      return Object.fromEntries(Object.entries(all).filter(([field]) => field !== name));
    });
  }, []);

  const removeRow = useCallback((table: string, row: number) => {
    setValues((all) => ({ ...all, [table]: (all[table] as Json[]).filter((_, index) => index !== row) }));
    setErrors((all) => errorsWithoutRow(all, table, row));
  }, []);

  const check = () => {
    const missing = missingInForm(page, entity, values);
    setErrors(missing);
    setProblem(null);
    return Object.keys(missing).length === 0;
  };

  const save = async (action?: string, confirm?: Confirm[]): Promise<string | null> => {
    if (!check()) return null;
    setBusy(true);
    try {
      const changes = changesOf(page, entity, saved ?? {}, values);
      if (confirm) changes.$confirm = confirm as unknown as Json;
      let record = saved;
      if (!record) record = await createRecord(entity.entity, changes, attempt.current);
      else if (Object.keys(changes).length) record = await patchRecord(entity.entity, record.id, record.version, changes);
      setSaved(record);
      setValues(record);
      setWarnings([]);
      attempt.current = randomKey();
      if (action) await runAction(entity.entity, action, [record.id], {});
      await afterChange(queries);
      return record.id;
    } catch (error) {
      attempt.current = randomKey();
      if (error instanceof ApiProblem) {
        setErrors(errorsByField(error.errors));
        setStale(error.status === 409 || error.status === 412);
      }
      setWarnings((asked) => warningsAfter(asked, error));
      setProblem(problemAfter(error));
      return null;
    } finally {
      setBusy(false);
    }
  };

  return { before: saved, values, errors, problem, stale, busy, dirty, set, removeRow, check, save, warnings, dismissWarnings: () => setWarnings([]) };
}
