import { describe, expect, it } from 'vitest';

import type { Field } from '../../api/types';
import { chosenOf } from './files';

const field: Field = { title: '照片', type: 'image', size_mb_max: 1 };
const file = (name: string, type = 'image/png', bytes = 3) => new File([new Uint8Array(bytes)], name, { type });

describe('chosen files', () => {
  it('are sent as far as they fit, and the others are named', () => {
    const { fit, refusals } = chosenOf([file('a.png'), file('b.pdf', 'application/pdf'), file('c.png', 'image/png', 0), file('d.png', 'image/png', 2_000_000)], field, 5);
    expect(fit.map((one) => one.name)).toEqual(['a.png']);
    expect(refusals).toEqual(['「b.pdf」不是可接受的文件类型', '「c.png」是空文件', '「d.png」1.9 MB，超过 1.0 MB']);
  });

  it('are no more than there is room for', () => {
    const three = ['a.png', 'b.png', 'c.png'].map((name) => file(name));
    const { fit, refusals } = chosenOf(three, field, 2);
    expect([fit.length, refusals]).toEqual([2, ['最多还能添加 2 个文件，其余未上传']]);
    expect(chosenOf(three, field, -1).fit).toEqual([]);
    expect(chosenOf(three, field, 3).refusals).toEqual([]);
  });
});
