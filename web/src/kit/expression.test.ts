import { describe, expect, it } from 'vitest';

import { holds } from './expression';

const record = {
  status: 'draft', size: 3, area: '56.30', here: false, note: null,
  case: { district: '310115' }, members: [{ relation: 'spouse' }],
};
const yes = (condition: string) => holds(condition, record, false);

describe('conditions of pages', () => {
  it('compares with constants', () => {
    expect(yes("status == 'draft'")).toBe(true);
    expect(yes('status != "draft"')).toBe(false);
    expect(yes('size >= 3 and size < 4')).toBe(true);
    expect(yes('size > -1')).toBe(true);
  });

  it('reads decimals, which travel as strings, as numbers', () => {
    expect(yes('area > 9')).toBe(true);
    expect(yes('area == 56.3')).toBe(true);
  });

  it('binds not before and before or', () => {
    expect(yes("status == 'x' and size == 1 or not here")).toBe(true);
    expect(yes("not (status == 'draft' or size == 3)")).toBe(false);
  });

  it('follows paths and rows', () => {
    expect(yes("case.district == '310115'")).toBe(true);
    expect(yes("members[0].relation in ['spouse', 'child']")).toBe(true);
    expect(yes("members[4].relation == 'spouse'")).toBe(false);
    expect(yes("status not in ['draft']")).toBe(false);
  });

  it('takes a missing value for null', () => {
    expect(yes('note == null')).toBe(true);
    expect(yes('nowhere.at.all == null')).toBe(true);
    expect(yes('nowhere > 3')).toBe(false);
  });

  it('leaves what it does not understand to the server', () => {
    expect(holds("date(a) >= date('2026-01-01')", record, true)).toBe(true);
    expect(holds('some(members, #.age > 3)', record, true)).toBe(true);
    expect(holds('status ==', record, true)).toBe(true);
  });

  it('never reaches the host', () => {
    expect(holds('constructor == null', record, false)).toBe(true);
    expect(holds('status.constructor != null', record, false)).toBe(false);
  });
});
