import { describe, expect, it } from 'vitest';

import { isReadOnly } from './required';

describe('a field with a condition', () => {
  const field = { title: '月租金', type: 'money' as const, read_only_when: "state == 'signed'" };

  it('is read-only only while the condition holds before and after', () => {
    expect(isReadOnly(field, { state: 'signed' }, { state: 'signed' })).toBe(true);
    expect(isReadOnly(field, { state: 'signed' }, { state: 'open' })).toBe(false);
    expect(isReadOnly(field, { state: 'open' }, { state: 'signed' })).toBe(false);
    expect(isReadOnly(field, undefined, { state: 'signed' })).toBe(true);
    expect(isReadOnly({ title: '名', type: 'text' }, { state: 'signed' }, {})).toBe(false);
  });

  it('that is given once is read-only when it is stored', () => {
    const once = { title: '来源', type: 'text' as const, immutable: true };
    expect(isReadOnly(once, undefined, { source: '窗口' })).toBe(false);
    expect(isReadOnly(once, { source: '窗口' }, { source: '窗口' })).toBe(true);
  });
});
