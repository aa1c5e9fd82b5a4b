import { describe, expect, it } from 'vitest';

import type { Entity, SessionPost } from '../api/types';
import { sameForAll } from './scope';

const entity = { scope: { district: 'district', subdistrict: 'street', operator: 'operator' } } as Entity;
const session = (level: string) => ({ post: { level } as SessionPost });

describe('fields that are the same for all a post sees', () => {
  it('are those the post is bound to', () => {
    expect([...sameForAll(entity, session('operator'))]).toEqual(['operator']);
    expect([...sameForAll(entity, session('district'))]).toEqual(['district']);
    expect([...sameForAll(entity, session('subdistrict'))]).toEqual(['district', 'street']);
  });

  it('are none for the city, for shared records and without a post', () => {
    expect(sameForAll(entity, session('city')).size).toBe(0);
    expect(sameForAll({ ...entity, scope: { shared: true, district: 'district' } }, session('district')).size).toBe(0);
    expect(sameForAll(entity, null).size).toBe(0);
  });
});
