import { describe, expect, it } from 'vitest';

import type { Entity } from '../../api/types';
import { fieldAt, wordsOf } from './history';

const entity = {
  fields: { at: { title: '时间', type: 'date_time' }, answer: { title: '回执', type: 'json' }, area: { title: '面积', type: 'decimal', unit: '㎡' } },
  children: { members: { fields: { name: { title: '姓名', type: 'text' } } } },
} as unknown as Entity;

describe('the history of a record', () => {
  it('finds the field of a change, in child tables too', () => {
    expect(fieldAt(entity, 'at')?.title).toBe('时间');
    expect(fieldAt(entity, 'members[2].name')?.title).toBe('姓名');
    expect(fieldAt(entity, 'gone')).toBeUndefined();
  });

  it('shows times as people write them and numbers with their unit', () => {
    expect(wordsOf(entity.fields.at, '2026-11-24T09:02:11.828+08:00')).toBe('2026-11-24 09:02');
    expect(wordsOf(entity.fields.area, '58.21')).toBe('58.21 ㎡');
    expect(wordsOf(undefined, true)).toBe('是');
  });

  it('has no words for what only machines can read', () => {
    expect(wordsOf(entity.fields.answer, '3de9e11e')).toBeNull();
    expect(wordsOf(undefined, { rows: [] })).toBeNull();
    expect(wordsOf(entity.fields.at, null)).toBeNull();
  });
});
