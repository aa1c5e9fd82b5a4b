import { describe, expect, it } from 'vitest';

import { afterDone, neighboursOf, paramsOf, queryOf, workListFrom } from './workList';

const address = (text: string) => workListFrom(new URLSearchParams(text));

describe('a list of work', () => {
  it('is the same after a round trip through the address', () => {
    const list = address('due=late&step=acceptance&search=陈&page=2');
    expect(list).toEqual({ box: 'todo', urgency: 'late', step: 'acceptance', search: '陈', page: 2 });
    expect(workListFrom(paramsOf(list))).toEqual(list);
    expect(paramsOf(address('')).toString()).toBe('');
  });

  it('drops what nobody can have meant', () => {
    expect(address('box=secret&due=toString&page=-3')).toEqual({ box: 'todo', urgency: null, step: null, search: '', page: 1 });
  });

  it('asks by working days left, only for what is still to do', () => {
    expect(queryOf(address('due=late'), 20)).toMatchObject({ daysLeftMin: null, daysLeftMax: -1 });
    expect(queryOf(address('due=soon'), 20)).toMatchObject({ daysLeftMin: 1, daysLeftMax: 3 });
    expect(queryOf(address('box=done&due=soon'), 20)).toMatchObject({ daysLeftMin: null, daysLeftMax: null });
  });
});

describe('the way through a list of work', () => {
  const list = ['a', 'b', 'c'].map((id) => ({ id }));

  it('knows the neighbours and the place of a task', () => {
    expect(neighboursOf(list, 'b')).toEqual({ previous: { id: 'a' }, next: { id: 'c' }, place: 2 });
    expect(neighboursOf(list, 'a').previous).toBeNull();
    expect(neighboursOf(list, 'gone')).toEqual({ previous: null, next: { id: 'a' }, place: 0 });
  });

  it('goes on to the next, from the last back to the first, and ends', () => {
    expect(afterDone(list, 'a')?.id).toBe('b');
    expect(afterDone(list, 'c')?.id).toBe('a');
    expect(afterDone([{ id: 'a' }], 'a')).toBeNull();
  });
});
