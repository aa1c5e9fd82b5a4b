import { describe, expect, it } from 'vitest';

import type { Job } from '../../api/types';
import { sentenceOf } from './sentence';

const job = (changes: Partial<Job>): Job => ({ id: '1', kind: 'records.bulk', state: 'done', ...changes });

describe('what came of an action on many records', () => {
  it('counts what was done and what was refused', () => {
    expect(sentenceOf(job({ result: { done: 5, refused: 0 } }), [])).toEqual({ tone: 'success', text: '5 条全部办理完成' });
    expect(sentenceOf(job({ result: { done: 3, refused: 2 } }), []).text).toBe('办理了 3 条，2 条未能办理');
    expect(sentenceOf(job({ result: { done: 0, refused: 2 } }), []).tone).toBe('error');
  });

  it('tells what was done before it was stopped', () => {
    const items = [{ id: 'a', display: '甲', outcome: 'done' as const }, { id: 'b', display: '乙', outcome: 'refused' as const, reason: '已办结' }];
    expect(sentenceOf(job({ state: 'cancelled' }), items).text).toBe('已停止；停止前办理了 1 条，1 条未能办理');
  });
});
