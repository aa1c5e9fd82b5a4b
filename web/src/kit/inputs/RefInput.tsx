import { useQuery } from '@tanstack/react-query';
import { Select } from 'antd';
import { useEffect, useState } from 'react';

import { entityQuery, recordsQuery } from '../../api/queries';
import type { Entity, Filter, RecordJson } from '../../api/types';
import { displayOf } from '../fields';
import type { InputProps } from './FieldInput';

const FOUND_MAX = 20;
const TYPING_MS = 250;

/** Text fields of the entity's own display, and its key: what people call a record by. */
export function searchFields(entity: Entity): string[] {
  const named = [...entity.display.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
  const names = entity.key ? [entity.key, ...named] : named;
  return [...new Set(names)].filter((name) => {
    const field = entity.fields[name];
    return field && !field.sensitive && ['text', 'sequence', 'credit_code', 'phone'].includes(field.type);
  });
}

export function searchFilter(entity: Entity, text: string): Filter | undefined {
  const tests = searchFields(entity).map((field): Filter => ({ field, op: 'contains', value: text }));
  if (!text || tests.length === 0) return undefined;
  return tests.length === 1 ? tests[0] : { or: tests };
}

const nameOf = (record: RecordJson) => (typeof record.$display === 'string' ? record.$display : record.id);

/** A reference, found by typing a part of its name. */
export function RefInput({ id, field, value, onChange, invalid, disabled, record, label, placeholder, name }: InputProps & { name?: string }) {
  const [typed, setTyped] = useState('');
  const [asked, setAsked] = useState<string | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setAsked((before) => (before === null && typed === '' ? null : typed)), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);

  const target = field.to ?? '';
  const chosen = typeof value === 'string' ? value : undefined;
  const entity = useQuery({ ...entityQuery(target), enabled: Boolean(target) }).data;
  const found = useQuery({
    ...recordsQuery(target, { where: entity && searchFilter(entity, asked ?? ''), page: { size: FOUND_MAX } }),
    enabled: Boolean(entity) && asked !== null,
  });
  const own = useQuery({
    ...recordsQuery(target, { where: { field: 'id', op: 'eq', value: chosen ?? '' }, page: { size: 1 } }),
    enabled: Boolean(chosen) && !(record && name && displayOf(record, name)),
  });

  const options = (found.data?.items ?? []).map((item) => ({ value: item.id, label: nameOf(item) }));
  if (chosen && !options.some((option) => option.value === chosen)) {
    const first = own.data?.items[0];
    const label = (record && name && displayOf(record, name)) || (first?.id === chosen ? nameOf(first) : '…');
    options.unshift({ value: chosen, label });
  }
  return (
    <Select
      id={id} aria-label={label} value={chosen} status={invalid ? 'error' : undefined} disabled={disabled} allowClear
      showSearch={{ filterOption: false, onSearch: setTyped }} loading={found.isFetching} popupMatchSelectWidth={false}
      placeholder={placeholder ?? '输入名称或编号查找'} options={options}
      notFoundContent={found.isFetching ? '正在查找' : found.isError ? '查找失败，请重试' : '没有找到'}
      onOpenChange={(open) => open && setAsked((before) => before ?? '')}
      onChange={(next: string | undefined) => onChange(next ?? null)}
    />
  );
}
