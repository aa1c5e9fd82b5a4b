import { act, renderHook } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Field, FileMeta } from '../../api/types';
import { useUploads } from './useUploads';

const field: Field = { title: '照片', type: 'image', many: true };
const file = (name: string) => new File(['x'], name, { type: 'image/png' });

/** Lets the server answer the requests that wait, in order. */
let waiting: ((answer: Response) => void)[];
const answer = (status: number, body: unknown) =>
  act(async () => waiting.shift()?.(new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })));

beforeEach(() => {
  waiting = [];
  vi.stubGlobal('fetch', () => new Promise<Response>((resolve) => waiting.push(resolve)));
});
afterEach(() => vi.unstubAllGlobals());

function uploads(room: number) {
  const stored: [string, string[]][] = [];
  // What is around the files, as `time` says, changes while they are sent.
  const hook = renderHook(({ time }) => useUploads(field, room, (files: FileMeta[]) => stored.push([time, files.map((one) => one.id)])), {
    initialProps: { time: 'before' },
  });
  return { ...hook, stored };
}

describe('files that are sent', () => {
  it('arrive together, into what stands there by then', async () => {
    const { result, rerender, stored } = uploads(5);
    act(() => result.current.take([file('a.png'), file('b.png')]));
    expect(result.current.progress).toBe('上传中 1/2');
    rerender({ time: 'after' });
    await answer(200, { id: 'a' });
    expect([result.current.progress, stored]).toEqual(['上传中 2/2', []]);
    await answer(200, { id: 'b' });
    expect([result.current.progress, stored]).toEqual([null, [['after', ['a', 'b']]]]);
  });

  it('keep others from being taken meanwhile', async () => {
    const { result, stored } = uploads(5);
    act(() => result.current.take([file('a.png')]));
    act(() => result.current.take([file('b.png')]));
    expect(waiting).toHaveLength(1);
    await answer(200, { id: 'a' });
    expect(stored).toEqual([['before', ['a']]]);
  });

  it('are named where they did not arrive', async () => {
    const { result, stored } = uploads(5);
    act(() => result.current.take([file('a.png'), file('b.png')]));
    await answer(413, { detail: '文件太大' });
    await answer(200, { id: 'b' });
    expect([result.current.problems, stored]).toEqual([['「a.png」文件太大'], [['before', ['b']]]]);
  });
});
