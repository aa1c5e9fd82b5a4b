import { describe, expect, it } from 'vitest';

import type { Entity } from '../api/types';
import { idsIn, isFile, sentenceOf } from './fields';

describe('fields', () => {
  const member: Entity = { entity: 'a.member', title: '家庭成员', display: '{id_no}', fields: { id_no: { title: '证件号码', type: 'id_number' } } };
  const entity: Entity = {
    entity: 'a.case', title: '案件', display: '{name}', children: { members: member }, fields: { name: { title: '主申请人', type: 'text' } },
  };

  it('are named where an error stands, in rows too', () => {
    expect(sentenceOf(entity, 'members[1].id_no', '校验位不符')).toBe('家庭成员第 2 行 · 证件号码：校验位不符');
    expect(sentenceOf(entity, 'members', '至少 1 行')).toBe('家庭成员：至少 1 行');
    expect(sentenceOf(entity, 'name', '请填写主申请人')).toBe('请填写主申请人');
    expect(sentenceOf(entity, 'gone', '没有“gone”这个字段')).toBe('没有“gone”这个字段');
    expect(sentenceOf(undefined, 'name', '太长')).toBe('太长');
  });

  it('hold one file or several', () => {
    expect((['file', 'image', 'video', 'text'] as const).map(isFile)).toEqual([true, true, true, false]);
    expect(idsIn('f1')).toEqual(['f1']);
    expect(idsIn(['f1', 'f2'])).toEqual(['f1', 'f2']);
    expect([null, undefined, '', []].map(idsIn)).toEqual([[], [], [], []]);
  });
});
