import { describe, expect, it } from 'vitest';

import { summaryOf } from './summary';

const error = { sheet: '资格案件', row: 3, column: '证件号码', message: '校验位不正确' };

describe('what came of an import', () => {
  it('is said in numbers, and coloured by what is in the system now', () => {
    expect(summaryOf('案件', { rows: 500, created: 500, faulty: 0, errors: [] }, false)).toEqual({ tone: 'success', text: '500 行案件全部导入' });
    expect(summaryOf('案件', { rows: 500, created: 497, faulty: 3, errors: [error] }, false)).toEqual({
      tone: 'warning', text: '共 500 行案件，已导入 497 行；3 行有误，没有导入',
    });
    expect(summaryOf('案件', { rows: 500, created: 0, faulty: 3, errors: [error] }, false)).toEqual({
      tone: 'error', text: '共 500 行案件，3 行有误，没有导入任何一行',
    });
  });

  it('never sounds like an import when it was a check', () => {
    expect(summaryOf('案件', { rows: 10, created: 0, faulty: 0, errors: [] }, true).text).toBe('校验了 10 行案件，全部无误；没有导入');
    expect(summaryOf('案件', { rows: 10, created: 0, faulty: 1, errors: [error] }, true).tone).toBe('warning');
  });

  it('says when the workbook as a whole cannot be read', () => {
    expect(summaryOf('案件', { rows: 0, created: 0, faulty: 0, errors: [{ message: '缺少列“证件号码”' }] }, false).tone).toBe('error');
  });
});
