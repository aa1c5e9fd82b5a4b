import { ApiProblem, problemOf } from './problem';
import type { FileMeta } from './types';

/** What the shell gives the client: the token of the session, and a way to get a new one. */
interface SessionLink {
  csrf: string | null;
  /** Asks the user to log in again; resolves when done, rejects when given up. */
  renew: (() => Promise<void>) | null;
  /** Told when the server answers from other definitions than before: somebody has published. */
  published: (() => void) | null;
}

const link: SessionLink = { csrf: null, renew: null, published: null };

/** Version of the definitions that the last answer was made from. */
let definitions: string | null = null;

function noteDefinitions(response: Response): void {
  const version = response.headers.get('x-definitions');
  if (!version || version === definitions) return;
  const isFirst = definitions === null;
  definitions = version;
  if (!isFirst) link.published?.();
}

export function linkSession(changes: Partial<SessionLink>): void {
  Object.assign(link, changes);
}

/** 128 random bits in hex. `crypto.randomUUID` is missing on plain-HTTP intranet addresses. */
export function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export interface CallOptions {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT';
  body?: unknown;
  form?: FormData;
  /** Version for `If-Match`. */
  version?: number;
  /** Same key, same effect: a form keeps its key until its input changes. */
  idempotencyKey?: string;
  signal?: AbortSignal;
  /** A 401 is the answer, not an expired session (log-in, public pages). */
  anonymous?: boolean;
}

function headersOf(options: CallOptions): Headers {
  const headers = new Headers({ Accept: 'application/json' });
  const method = options.method ?? 'GET';
  if (options.body !== undefined) headers.set('Content-Type', 'application/json');
  if (method !== 'GET' && link.csrf) headers.set('X-CSRF-Token', link.csrf);
  if (options.version !== undefined) headers.set('If-Match', `"${options.version}"`);
  if (options.idempotencyKey) headers.set('Idempotency-Key', options.idempotencyKey);
  return headers;
}

async function send(path: string, options: CallOptions): Promise<Response> {
  try {
    const response = await fetch(path, {
      method: options.method ?? 'GET',
      headers: headersOf(options),
      body: options.form ?? (options.body === undefined ? undefined : JSON.stringify(options.body)),
      signal: options.signal,
      credentials: 'same-origin',
    });
    noteDefinitions(response);
    return response;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiProblem({ status: 0, code: 'network' });
  }
}

/** Sends a request; an expired session is renewed by the user and the request sent once more, so no input is lost. */
export async function request(path: string, options: CallOptions = {}): Promise<Response> {
  let response = await send(path, options);
  if (response.status === 401 && !options.anonymous && link.renew) {
    await link.renew();
    response = await send(path, options);
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

export async function call<T>(path: string, options: CallOptions = {}): Promise<T> {
  const response = await request(path, options);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

export function post<T>(path: string, body: unknown, options: CallOptions = {}): Promise<T> {
  return call<T>(path, { ...options, method: 'POST', body, idempotencyKey: options.idempotencyKey ?? randomKey() });
}

/** A POST that only reads (query, aggregate): no idempotency key. */
export function ask<T>(path: string, body: unknown, signal?: AbortSignal, anonymous = false): Promise<T> {
  return call<T>(path, { method: 'POST', body, signal, anonymous });
}

export function uploadFile(file: File, signal?: AbortSignal): Promise<FileMeta> {
  const form = new FormData();
  form.set('file', file, file.name);
  return call<FileMeta>('/api/files', { method: 'POST', form, signal, idempotencyKey: randomKey() });
}

export const fileUrl = (id: string) => `/api/files/${encodeURIComponent(id)}`;

/** Name and media type of a stored file, from the headers of its download. */
export async function fileMeta(id: string, signal?: AbortSignal): Promise<FileMeta> {
  const response = await fetch(fileUrl(id), { method: 'HEAD', credentials: 'same-origin', signal });
  if (!response.ok) throw await problemOf(response);
  return {
    id,
    name: nameFrom(response.headers.get('content-disposition')) ?? '文件',
    size: Number(response.headers.get('content-length')) || 0,
    media_type: (response.headers.get('content-type') ?? 'application/octet-stream').split(';')[0]!.trim(),
  };
}

/** File name of a `Content-Disposition` header, RFC 6266 with the extended form first. */
export function nameFrom(header: string | null): string | null {
  if (!header) return null;
  const extended = /filename\*\s*=\s*UTF-8''([^;]+)/i.exec(header)?.[1];
  if (extended) {
    try {
      return decodeURIComponent(extended.trim());
    } catch {
      return null;
    }
  }
  return /filename\s*=\s*"?([^";]+)"?/i.exec(header)?.[1]?.trim() ?? null;
}
