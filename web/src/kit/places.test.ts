import { describe, expect, it } from 'vitest';

import { addressOf, addressText, parsePoint, pointText } from './places';

const items = [{ code: '310115', title: '浦东新区' }, { code: '310115005', title: '陆家嘴街道', parent: '310115' }];

describe('places', () => {
  it('reads addresses as one line', () => {
    expect(addressText({ region: ['310115', '310115005'], detail: '世纪大道1号' }, items)).toBe('浦东新区陆家嘴街道世纪大道1号');
    expect(addressText({ region: '310115', detail: '1号' }, items)).toBe('浦东新区1号');
    expect(addressText('浦东新区****', items)).toBe('浦东新区****');
    expect(addressOf(null)).toBeNull();
  });

  it('takes a pasted pair of degrees apart', () => {
    expect(parsePoint('121.4737，31.2304')).toEqual({ longitude: '121.4737', latitude: '31.2304' });
    expect(parsePoint('121.4737')).toBeNull();
    expect(pointText({ longitude: '121.473700', latitude: '31.230400' })).toBe('121.473700, 31.230400');
  });
});
