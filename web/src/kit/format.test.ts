import { describe, expect, it } from 'vitest';

import type { Field } from '../api/types';
import { countText, dueText, dueTone, formatFen, formatTime, formatValue, parseYuan, yuanText } from './format';

const field = (type: Field['type'], more: Partial<Field> = {}): Field => ({ title: '项', type, ...more });

describe('money', () => {
  it('shows fen as grouped yuan', () => {
    expect(formatFen(12345678)).toBe('123,456.78');
    expect(formatFen(5)).toBe('0.05');
    expect(formatFen(-100)).toBe('-1.00');
  });

  it('reads yuan without going through floats', () => {
    expect(parseYuan('0.29')).toBe(29);
    expect(parseYuan('1,234.5')).toBe(123450);
    expect(parseYuan('12.345')).toBeNull();
    expect(parseYuan('abc')).toBeNull();
  });

  it('goes there and back', () => {
    for (const fen of [0, 1, 99, 100, 123456789]) expect(parseYuan(yuanText(fen))).toBe(fen);
  });
});

describe('values', () => {
  it('shows decimals with their unit, digits untouched', () => {
    expect(formatValue(field('decimal', { unit: '㎡' }), '1056.30')).toBe('1,056.30 ㎡');
  });

  it('tells no and zero from nothing', () => {
    expect(formatValue(field('boolean'), false)).toBe('否');
    expect(formatValue(field('integer', { unit: '月' }), 0)).toBe('0 月');
    expect(formatValue(field('text'), null)).toBe('—');
  });

  it('names references as the server does', () => {
    expect(formatValue(field('ref'), 'r1', '陈燕')).toBe('陈燕');
    expect(formatValue(field('ref'), 'r1')).toBe('r1');
  });

  it('says where counting stopped', () => {
    expect([0, 9_999, 10_000, 10_001].map((count) => countText(count))).toEqual(['0', '9999', '10000', '超过 10000']);
    expect([countText(10_000, true), countText(10_000, false)]).toEqual(['超过 10000', '10000']);
  });

  it('keeps times in Shanghai', () => {
    expect(formatTime('2026-03-02T14:05:33+08:00')).toBe('2026-03-02 14:05');
    expect(formatTime('2026-03-02T22:05:33Z')).toBe('2026-03-03 06:05');
  });
});

describe('deadlines', () => {
  it('are late, soon or normal', () => {
    expect([dueTone(-1), dueTone(0), dueTone(3), dueTone(4)]).toEqual(['late', 'soon', 'soon', 'normal']);
    expect([dueText(-2), dueText(0), dueText(5)]).toEqual(['超期 2 个工作日', '今日到期', '剩 5 个工作日']);
  });
});
