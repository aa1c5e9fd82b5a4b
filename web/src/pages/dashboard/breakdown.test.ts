import { describe, expect, it } from 'vitest';

import { filterOfGroup, shareOf } from './breakdown';

describe('a breakdown', () => {
  const widget = { widget: 'breakdown', title: '', entity: 'e', group_by: 'status' } as const;

  it('leads from a bar to exactly the records it counts', () => {
    const where = { field: 'kind', op: 'eq', value: 'new' } as const;
    expect(filterOfGroup(widget, 'open')).toEqual({ field: 'status', op: 'eq', value: 'open' });
    expect(filterOfGroup({ ...widget, where }, null)).toEqual({ and: [where, { field: 'status', op: 'is_null' }] });
  });

  it('says shares in whole percent, and never that something is nothing', () => {
    expect(shareOf(1, 3)).toBe('33%');
    expect(shareOf(1, 1000)).toBe('<1%');
    expect(shareOf(0, 10)).toBe('0%');
    expect(shareOf(0, 0)).toBe('');
  });
});
