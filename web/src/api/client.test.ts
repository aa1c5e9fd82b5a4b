import { afterEach, describe, expect, it, vi } from 'vitest';

import { call, linkSession } from './client';

function answerFrom(version: string): void {
  const answer = () => Promise.resolve(new Response('{}', { headers: { 'x-definitions': version } }));
  vi.stubGlobal('fetch', vi.fn(answer));
}

describe('definitions', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    linkSession({ published: null });
  });

  it('tells once when the server answers from newer ones', async () => {
    const published = vi.fn();
    linkSession({ published });
    answerFrom('one');
    await call('/api/session');
    await call('/api/session');
    expect(published).not.toHaveBeenCalled();
    answerFrom('two');
    await call('/api/session');
    await call('/api/session');
    expect(published).toHaveBeenCalledTimes(1);
  });
});
