/** Addresses of the front end, in one place. */
export const places = {
  page: (key: string) => `/p/${encodeURIComponent(key)}`,
  record: (page: string, id: string) => `/p/${encodeURIComponent(page)}/${encodeURIComponent(id)}`,
  edit: (page: string, id: string) => `/p/${encodeURIComponent(page)}/${encodeURIComponent(id)}/edit`,
  task: (id: string) => `/tasks/${encodeURIComponent(id)}`,
  tasks: '/tasks',
};

/** A place inside this site, whatever the address claims: `//elsewhere` and schemes lead home. */
export function safePlace(next: string | null): string {
  if (!next || !next.startsWith('/') || next.startsWith('//') || next.includes('\\')) return '/';
  return next;
}
