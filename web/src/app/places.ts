/** Addresses of the front end, in one place. */
export const places = {
  page: (key: string) => `/p/${encodeURIComponent(key)}`,
  record: (page: string, id: string) => `/p/${encodeURIComponent(page)}/${encodeURIComponent(id)}`,
  edit: (page: string, id: string) => `/p/${encodeURIComponent(page)}/${encodeURIComponent(id)}/edit`,
  /** A task within the list of work it is handled in. */
  task: (id: string, list = new URLSearchParams()) => withParams(`/tasks/${encodeURIComponent(id)}`, list),
  tasks: '/tasks',
  workList: (list: URLSearchParams) => withParams('/tasks', list),
};

const withParams = (path: string, params: URLSearchParams) => (params.size ? `${path}?${params}` : path);

/** A place inside this site, whatever the address claims: `//elsewhere` and schemes lead home. */
export function safePlace(next: string | null): string {
  if (!next || !next.startsWith('/') || next.startsWith('//') || next.includes('\\')) return '/';
  return next;
}
