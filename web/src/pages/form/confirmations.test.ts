import { describe, expect, it } from 'vitest';

import { isReadOnly } from '../../kit/required';
import { confirmationsOf, warningKey } from './confirmations';

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
});

describe('a field with a condition', () => {
  const field = { title: '月租金', type: 'money' as const, read_only_when: "state == 'signed'" };

  it('is read-only only while the condition holds before and after', () => {
    expect(isReadOnly(field, { state: 'signed' }, { state: 'signed' })).toBe(true);
    expect(isReadOnly(field, { state: 'signed' }, { state: 'open' })).toBe(false);
    expect(isReadOnly(field, { state: 'open' }, { state: 'signed' })).toBe(false);
    expect(isReadOnly(field, undefined, { state: 'signed' })).toBe(true);
    expect(isReadOnly({ title: '名', type: 'text' }, { state: 'signed' }, {})).toBe(false);
  });
});
