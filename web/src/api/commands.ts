import { call, post, randomKey } from './client';
import type { Confirm, Json, RecordJson, Session, Task, Values } from './types';

const path = encodeURIComponent;

export const logIn = (account: string, password: string) =>
  call<Partial<Session>>('/api/session', { method: 'POST', body: { account, password }, anonymous: true });

export const logOut = () => call<void>('/api/session', { method: 'DELETE', anonymous: true });

export const choosePost = (post_id: string) => call<void>('/api/session/post', { method: 'PUT', body: { post: post_id } });

export const changePassword = (current: string, next: string) => call<void>('/api/session/password', { method: 'PUT', body: { old_password: current, new_password: next } });

export const createRecord = (entity: string, values: Values, key: string) =>
  post<RecordJson>(`/api/records/${path(entity)}`, values, { idempotencyKey: key });

export const patchRecord = (entity: string, id: string, version: number, changes: Values) =>
  call<RecordJson>(`/api/records/${path(entity)}/${path(id)}`, {
    method: 'PATCH',
    body: changes,
    version,
    idempotencyKey: randomKey(),
  });

export const runAction = (entity: string, action: string, ids: string[], input: Values, key?: string) =>
  post<unknown>(`/api/records/${path(entity)}/actions/${path(action)}`, { ids, input }, { idempotencyKey: key });

export const revealField = (entity: string, id: string, field: string, reason: string) =>
  post<{ value: string }>(`/api/records/${path(entity)}/${path(id)}/reveal`, { field, reason });

export interface Completion {
  outcome: string;
  opinion?: string;
  data: Record<string, Json>;
  record_version?: number;
  confirm?: Confirm[];
}

export const completeTask = (id: string, completion: Completion, key: string) =>
  post<Task>(`/api/tasks/${path(id)}/complete`, completion, { idempotencyKey: key });

export const returnTask = (id: string, step: string, reason: string) =>
  post<Task>(`/api/tasks/${path(id)}/return`, { step, reason });

export const withdrawInstance = (id: string, reason: string) =>
  post<{ id: string }>(`/api/process-instances/${path(id)}/withdraw`, { reason });

export const claimTask = (id: string) => post<Task>(`/api/tasks/${path(id)}/claim`, {});

export const releaseTask = (id: string) => post<Task>(`/api/tasks/${path(id)}/release`, {});

export async function importWorkbook(
  entity: string,
  file: File,
  options: { mode: 'all_or_nothing' | 'skip_faulty'; write: 'insert' | 'update' | 'upsert'; clear: boolean; dryRun: boolean; then?: string },
): Promise<string> {
  const params = new URLSearchParams({ mode: options.mode, write: options.write, blanks: options.clear ? 'clear' : 'keep', dry_run: String(options.dryRun) });
  if (options.then) params.set('then', options.then);
  const form = new FormData();
  form.set('file', file, file.name);
  const answer = await call<{ job: string }>(`/api/records/${path(entity)}/import?${params}`, {
    method: 'POST',
    form,
    idempotencyKey: randomKey(),
  });
  return answer.job;
}

export const importTemplateUrl = (entity: string) => `/api/records/${path(entity)}/import-template`;
