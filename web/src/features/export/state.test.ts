import { describe, expect, it } from 'vitest';

import type { MyExport } from '../../api/exchange';
import { stateOf } from './state';

const one = (changes: Partial<MyExport>): MyExport => ({
  id: '1', subject: '资格案件', format: 'xlsx', state: 'done', rows: 3, exported: 3, conditions: '全部', note: null, error: null,
  job: null, file: 'f', expires_at: '2026-03-03T09:00:00+08:00', created_at: '2026-03-02T09:00:00+08:00', ...changes,
});

describe('how an export stands', () => {
  it('says until when the file can be fetched', () => {
    expect(stateOf(one({})).text).toBe('可下载');
    expect(stateOf(one({})).detail).toContain('2026-03-03');
  });

  it('gives the reason of a refusal or failure', () => {
    expect(stateOf(one({ state: 'refused', note: '无须导出' }))).toEqual({ tone: 'danger', text: '不同意', detail: '无须导出' });
    expect(stateOf(one({ state: 'failed', error: '账户已停用' })).detail).toBe('账户已停用');
  });

  it('asks for a new export when the term is over', () => {
    expect(stateOf(one({ state: 'expired' })).detail).toContain('重新导出');
  });
});
