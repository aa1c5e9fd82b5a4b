import { describe, expect, it } from 'vitest';

import type { Entity, FormPage, Json } from '../../api/types';
import { errorsByField } from '../../api/problem';
import { changesOf, errorsWithoutRow, missingInForm } from './changes';

const member: Entity = {
  entity: 'a.member', title: '家庭成员', display: '{name}', parent: { field: 'case', as: 'members', rows_max: 20 },
  fields: {
    case: { title: '案件', type: 'ref', to: 'a.case' },
    name: { title: '姓名', type: 'text', required: true },
    id_no: { title: '证件号码', type: 'id_number', required: true, sensitive: true },
  },
};
const entity: Entity = {
  entity: 'a.case', title: '案件', display: '{name}', children: { members: member },
  fields: {
    name: { title: '主申请人', type: 'text', required: true },
    phone: { title: '电话', type: 'phone', sensitive: true },
    status: { title: '状态', type: 'text', system: true },
    permit: { title: '居住证', type: 'text', visible_when: 'local == false', required: true },
    local: { title: '本市户籍', type: 'boolean' },
  },
};
const page: FormPage = {
  kind: 'form', page: 'a.form', title: '申请', entity: 'a.case',
  sections: [{ title: '基本', fields: ['name', 'phone', 'status', 'permit', 'local'] }, { title: '成员', children: 'members', columns: ['name', 'id_no'] }],
};

describe('what a form sends', () => {
  const before = { name: '王', phone: '138****0000', $masked: ['phone'], status: 'x', members: [{ id: '1', name: '李', id_no: '3****4', $masked: ['id_no'] }] };

  it('is only what changed', () => {
    expect(changesOf(page, entity, before, { ...before, name: '王五' })).toEqual({ name: '王五' });
    expect(changesOf(page, entity, before, before)).toEqual({});
  });

  it('never is a masked text or a field of the platform', () => {
    const members = [{ ...before.members[0], name: '李四' }, { name: '赵', id_no: '9', extra: null }] as Json[];
    expect(changesOf(page, entity, before, { ...before, status: 'y', members })).toEqual({
      members: [{ id: '1', name: '李四' }, { name: '赵', id_no: '9' }],
    });
  });

  it('removes a value with null', () => {
    expect(changesOf(page, entity, before, { ...before, phone: null })).toEqual({ phone: null });
  });
});

describe('errors of a form', () => {
  it('name what is missing, in rows too, but not in hidden fields', () => {
    expect(missingInForm(page, entity, { local: true, members: [{ name: '李', id_no: ' ' }] })).toEqual({
      name: '请填写主申请人', 'members[0].id_no': '请填写证件号码',
    });
    expect(missingInForm(page, entity, { name: '王', local: false })).toEqual({ permit: '请填写居住证' });
  });

  it('of the server stand at their field, the first of each', () => {
    const errors = [
      { field: 'members[1].id_no', code: 'id_number', message: '校验位不符' },
      { field: 'members[1].id_no', code: 'x', message: '另一个' },
    ];
    expect(errorsByField(errors)).toEqual({ 'members[1].id_no': '校验位不符' });
  });

  it('move with their rows', () => {
    const errors = { name: 'a', 'members[0].name': 'b', 'members[1].name': 'c', 'members[2].id_no': 'd' };
    expect(errorsWithoutRow(errors, 'members', 1)).toEqual({ name: 'a', 'members[0].name': 'b', 'members[1].id_no': 'd' });
  });
});
