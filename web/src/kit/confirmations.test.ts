import { describe, expect, it } from 'vitest';

import { ApiProblem, type FieldError } from '../api/problem';
import { confirmationsOf, problemAfter, warningKey, warningsAfter } from './confirmations';

describe('confirmations', () => {
  const warnings = [
    { field: 'rent', code: 'rent_high', message: '月租金超过 5000 元' },
    { field: 'members[1].share', code: 'share_small', message: '份额不足' },
  ];

  it('carry a reason for each warning, by its field', () => {
    const reasons = { [warningKey(warnings[0]!)]: ' 市中心 ', [warningKey(warnings[1]!)]: '暂住' };
    expect(confirmationsOf(warnings, reasons)).toEqual([
      { code: 'rent_high', field: 'rent', reason: '市中心' },
      { code: 'share_small', field: 'members[1].share', reason: '暂住' },
    ]);
  });

  it('are asked together with those of the next round', () => {
    const refusal = (status: number, more = {}) => new ApiProblem({ status, ...more });
    const [first, second] = warnings as [FieldError, FieldError];
    const once = warningsAfter([], refusal(422, { warnings: [first] }));
    expect(once).toEqual([first]);
    expect(warningsAfter(once, refusal(422, { warnings: [second] }))).toEqual([first, second]);
    expect(warningsAfter(warnings, refusal(422, { warnings: [second] }))).toEqual(warnings);
  });

  it('stay when the server was not reached, and end with faults and newer versions', () => {
    const after = (status: number) => warningsAfter(warnings, new ApiProblem({ status }));
    expect([0, 429, 503].map(after)).toEqual([warnings, warnings, warnings]);
    expect([403, 409, 422].map(after)).toEqual([[], [], []]);
    expect(problemAfter(new ApiProblem({ status: 422, warnings }))).toBeNull();
    expect(problemAfter(new ApiProblem({ status: 0 }))).toBe('网络不通，请检查连接后重试');
  });
});
