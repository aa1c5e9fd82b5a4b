import { describe, expect, it } from 'vitest';

import { withComputed } from './computed';
import type { Entity } from './types';

describe('computed fields', () => {
  it('are of the type of their result and filled in by the platform', () => {
    const entity: Entity = {
      entity: 'a.b', title: '甲', display: '', fields: { total: { title: '合计', type: 'computed', result: 'money', stored: true }, name: { title: '名', type: 'text' } },
      children: { rows: { entity: 'a.c', title: '行', display: '', fields: { half: { title: '半', type: 'computed', result: 'decimal' } } } },
    };
    const shown = withComputed(entity);
    expect(shown.fields.total).toMatchObject({ type: 'money', system: true, computed: 'stored' });
    expect(shown.fields.name).toEqual(entity.fields.name);
    expect(shown.children?.rows?.fields.half).toMatchObject({ type: 'decimal', system: true, computed: 'on_reading' });
  });
});
