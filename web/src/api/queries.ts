import { keepPreviousData, queryOptions, type QueryClient } from '@tanstack/react-query';

import { ask, call, fileMeta } from './client';
import { withComputed } from './computed';
import type {
  Dictionary, Entity, Filter, HistoryEntry, Instance, Job, Page, Query, QueryResult, RecordJson, Sealed, Session, Task,
  TaskBox, TaskList,
} from './types';

/** Definitions change only when somebody publishes: one fetch per visit is enough. */
const DEFINITION_MS = 10 * 60_000;

const path = encodeURIComponent;

/** Some answers are a bare array, some an object with `items`. */
function listOf<T>(answer: T[] | { items: T[] }): T[] {
  return Array.isArray(answer) ? answer : answer.items;
}

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => call<Session>('/api/session', { signal, anonymous: true }),
  staleTime: 5 * 60_000,
  retry: false,
});

export const pageQuery = (key: string, anonymous = false) =>
  queryOptions({
    queryKey: ['definition', 'page', key],
    queryFn: ({ signal }) => call<Page>(`/api/definitions/page/${path(key)}`, { signal, anonymous }),
    staleTime: DEFINITION_MS,
  });

export const pagesQuery = queryOptions({
  queryKey: ['definition', 'page'],
  queryFn: async ({ signal }) => (await call<{ items: { key: string; title: string }[] }>('/api/definitions/page', { signal })).items,
  staleTime: DEFINITION_MS,
});

export const entityQuery = (key: string) =>
  queryOptions({
    queryKey: ['definition', 'entity', key],
    queryFn: async ({ signal }) => withComputed(await call<Entity>(`/api/definitions/entity/${path(key)}`, { signal })),
    staleTime: DEFINITION_MS,
  });

export const dictionaryQuery = (key: string) =>
  queryOptions({
    queryKey: ['definition', 'dictionary', key],
    queryFn: ({ signal }) => call<Dictionary>(`/api/definitions/dictionary/${path(key)}`, { signal }),
    staleTime: DEFINITION_MS,
  });

export const recordsQuery = (entity: string, query: Query) =>
  queryOptions({
    queryKey: ['records', entity, 'query', query],
    queryFn: ({ signal }) => ask<QueryResult>(`/api/records/${path(entity)}/query`, query, signal),
    placeholderData: keepPreviousData,
  });

export const recordQuery = (entity: string, id: string) =>
  queryOptions({
    queryKey: ['records', entity, 'one', id],
    queryFn: ({ signal }) => call<RecordJson>(`/api/records/${path(entity)}/${path(id)}`, { signal }),
  });

export const historyQuery = (entity: string, id: string) =>
  queryOptions({
    queryKey: ['records', entity, 'history', id],
    queryFn: async ({ signal }) =>
      listOf(
        await call<HistoryEntry[] | { items: HistoryEntry[] }>(`/api/records/${path(entity)}/${path(id)}/history`, { signal }),
      ),
  });

export interface Counted {
  value: string | null;
  count: number;
}

/** Counts of records, in all (one row) or by the values of a field. */
export const countsQuery = (entity: string, where: Filter | undefined, groupBy?: string) =>
  queryOptions({
    queryKey: ['records', entity, 'counts', where ?? null, groupBy ?? null],
    queryFn: async ({ signal }): Promise<Counted[]> => {
      type Row = Record<string, string | number | boolean | null>;
      const answer = await ask<Row[] | { items?: Row[]; rows?: Row[] }>(
        `/api/records/${path(entity)}/aggregate`,
        { where, group_by: groupBy ? [{ field: groupBy }] : [], measures: [{ op: 'count', as: 'count' }] },
        signal,
      );
      const rows = Array.isArray(answer) ? answer : (answer.items ?? answer.rows ?? []);
      return rows.map((row) => ({
        value: groupBy && row[groupBy] !== null && row[groupBy] !== undefined ? String(row[groupBy]) : null,
        count: Number(row.count ?? 0),
      }));
    },
  });

export interface TaskQuery {
  box: TaskBox;
  process?: string;
  step?: string;
  /** Only tasks on this record. */
  entity?: string;
  recordId?: string;
  search?: string;
  /** Bounds of the working days left; negative days are overdue. */
  daysLeftMin?: number | null;
  daysLeftMax?: number | null;
  page: number;
  size: number;
}

export const tasksQuery = (query: TaskQuery) =>
  queryOptions({
    queryKey: ['tasks', query],
    queryFn: ({ signal }) => {
      const params = new URLSearchParams({ box: query.box, number: String(query.page), size: String(query.size) });
      if (query.process) params.set('process', query.process);
      if (query.step) params.set('step', query.step);
      if (query.entity) params.set('entity', query.entity);
      if (query.recordId) params.set('record_id', query.recordId);
      if (query.search) params.set('search', query.search);
      if (typeof query.daysLeftMin === 'number') params.set('days_left_min', String(query.daysLeftMin));
      if (typeof query.daysLeftMax === 'number') params.set('days_left_max', String(query.daysLeftMax));
      return call<TaskList>(`/api/tasks?${params}`, { signal });
    },
    placeholderData: keepPreviousData,
  });

export const taskQuery = (id: string) =>
  queryOptions({ queryKey: ['task', id], queryFn: ({ signal }) => call<Task>(`/api/tasks/${path(id)}`, { signal }) });

export const instancesQuery = (entity: string, recordId: string) =>
  queryOptions({
    queryKey: ['instances', entity, recordId],
    queryFn: async ({ signal }) =>
      listOf(
        await call<Instance[] | { items: Instance[] }>(
          `/api/process-instances?entity=${path(entity)}&record_id=${path(recordId)}`,
          { signal },
        ),
      ),
  });

export const instanceQuery = (id: string) =>
  queryOptions({
    queryKey: ['instance', id],
    queryFn: ({ signal }) => call<Instance>(`/api/process-instances/${path(id)}`, { signal }),
  });

export const jobQuery = (id: string) =>
  queryOptions({
    queryKey: ['job', id],
    queryFn: ({ signal }) => call<Job>(`/api/jobs/${path(id)}`, { signal }),
    refetchInterval: ({ state }) => (state.data && !['queued', 'running'].includes(state.data.state) ? false : 800),
  });

export const fileQuery = (id: string) =>
  queryOptions({ queryKey: ['file', id], queryFn: ({ signal }) => fileMeta(id, signal), staleTime: Infinity });

export const sealedQuery = (code: string) =>
  queryOptions({
    queryKey: ['sealed', code],
    queryFn: ({ signal }) => call<Sealed>(`/api/documents/sealed/${path(code)}`, { signal, anonymous: true }),
    retry: false,
  });

/** Reads everything anew that work may have changed; definitions and the session stay. */
export const afterChange = (queries: QueryClient) =>
  queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'definition' && queryKey[0] !== 'session' });
