import { describe, expect, it } from 'vitest';

import type { Field } from '../../api/types';
import { COUNTDOWN } from '../../kit/fields';
import { allOf, filterFrom, filterOf, filterStyle, isFilterable, isSortable, sortOf, styleOf } from './filters';

const field = (type: Field['type'], more: Partial<Field> = {}): Field => ({ title: '项', type, ...more });
const built = (type: Field['type'], input: string[], more: Partial<Field> = {}) => {
  const of = field(type, more);
  return filterOf('f', of, filterStyle(of), input);
};

describe('filters above a list', () => {
  it('looks for text inside, but for sensitive values as a whole', () => {
    expect(built('text', [' 王 '])).toEqual({ field: 'f', op: 'contains', value: '王' });
    const id = '310101199001011234';
    expect(built('id_number', [id], { sensitive: true })).toEqual({ field: 'f', op: 'eq', value: id });
  });

  it('looks for sensitive values of other types whole too, or only whether there are any', () => {
    const sensitive = { sensitive: true };
    expect(built('money', ['10'], sensitive)).toEqual({ field: 'f', op: 'eq', value: 1000 });
    expect(built('date', ['1990-01-01'], sensitive)).toEqual({ field: 'f', op: 'eq', value: '1990-01-01' });
    expect(built('integer', ['x'], sensitive)).toBeNull();
    expect(built('choice', ['a'], sensitive)).toEqual({ field: 'f', op: 'in', value: ['a'] });
    for (const type of ['multi_choice', 'date_time', 'geo_point', 'address'] as const) expect(filterStyle(field(type, sensitive))).toBe('presence');
  });

  it('neither orders nor searches by what is worked out on reading', () => {
    const [read, stored] = [field('integer', { computed: 'on_reading' }), field('integer', { computed: 'stored' })];
    expect([read, stored].map(isFilterable)).toEqual([false, true]);
    expect([read, stored].map((one) => isSortable('f', one))).toEqual([false, true]);
    expect(isSortable('f', field('address'))).toBe(false);
    expect(isSortable('f', field('text', { sensitive: true }))).toBe(false);
    expect(isSortable('case.f', field('text'))).toBe(false);
    expect(isSortable('f', undefined)).toBe(false);
  });

  it('takes several codes of a list and whatever lies below a code of a tree', () => {
    expect(built('choice', ['a', 'b'])).toEqual({ field: 'f', op: 'in', value: ['a', 'b'] });
    const items = [{ code: '310101', title: '黄浦' }, { code: '310101002', title: '南京东路', parent: '310101' }];
    const style = filterStyle(field('choice'), { dictionary: 'd', title: '区划', items });
    expect(filterOf('f', field('choice'), style, ['310101'])).toEqual({ field: 'f', op: 'under', value: '310101' });
  });

  it('takes either end of a range', () => {
    expect(built('money', ['10', ''])).toEqual({ field: 'f', op: 'ge', value: 1000 });
    expect(built('decimal', ['10', '56.3'], { scale: 2 })).toEqual({
      and: [{ field: 'f', op: 'ge', value: '10' }, { field: 'f', op: 'le', value: '56.3' }],
    });
    expect(built('integer', ['x', ''])).toBeNull();
  });

  it('includes the whole last day', () => {
    expect(built('date', ['', '2026-03-02'])).toEqual({ field: 'f', op: 'le', value: '2026-03-02' });
    expect(built('date_time', ['2026-03-01', '2026-03-02'])).toEqual({
      and: [
        { field: 'f', op: 'ge', value: '2026-03-01T00:00:00+08:00' },
        { field: 'f', op: 'le', value: '2026-03-02T23:59:59.999+08:00' },
      ],
    });
  });

  it('says nothing when nothing was given', () => {
    expect(built('text', [''])).toBeNull();
    expect(built('boolean', [])).toBeNull();
    expect(allOf([null, undefined])).toBeUndefined();
  });

  it('tells no from any', () => {
    expect(built('boolean', ['false'])).toEqual({ field: 'f', op: 'eq', value: false });
    expect(built('file', ['false'])).toEqual({ field: 'f', op: 'is_null' });
  });

  it('joins conditions only where there are several', () => {
    const one = { field: 'a', op: 'eq' as const, value: 1 };
    expect(allOf([one, null])).toEqual(one);
    expect(allOf([one, one])).toEqual({ and: [one, one] });
  });

  it('reads the order and the filter of an address', () => {
    expect(sortOf('-created_at', undefined)).toEqual([{ field: 'created_at', dir: 'desc' }]);
    expect(sortOf(null, [])).toBeUndefined();
    expect(filterFrom('{"field":"a","op":"eq","value":1}')).toEqual({ field: 'a', op: 'eq', value: 1 });
    expect(filterFrom('nonsense')).toBeUndefined();
  });

  it('turns ranges of working days left into days, several into either', () => {
    const days = field('integer');
    expect(styleOf(COUNTDOWN, days)).toBe('countdown');
    expect(styleOf('age', days)).toBe('range');
    const of = (...codes: string[]) => filterOf(COUNTDOWN, days, 'countdown', codes);
    expect(of('late')).toEqual({ field: COUNTDOWN, op: 'lt', value: 0 });
    expect(of('today', 'soon')).toEqual({
      or: [{ field: COUNTDOWN, op: 'eq', value: 0 }, { field: COUNTDOWN, op: 'between', value: [1, 3] }],
    });
    expect(of('yesterday')).toBeNull();
  });
});
