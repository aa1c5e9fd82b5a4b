import { useQuery } from '@tanstack/react-query';
import { Select } from 'antd';
import { useEffect, useState } from 'react';

import { entityQuery, recordsQuery } from '../../api/queries';
import type { RecordJson } from '../../api/types';
import type { InputProps } from './FieldInput';
import { searchFilter } from './RefInput';

const FOUND_MAX = 20;
const TYPING_MS = 250;
const LIST_MAX = 100;

const optionOf = (record: RecordJson) => ({ value: record.id, label: typeof record.$display === 'string' ? record.$display : record.id });

/** Several records, each found by typing a part of its name. */
export default function RefListInput({ id, field, value, onChange, invalid, disabled, label, placeholder }: InputProps) {
  const [typed, setTyped] = useState('');
  const [asked, setAsked] = useState<string | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setAsked((before) => (before === null && typed === '' ? null : typed)), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);

  const target = field.to ?? '';
  const chosen = Array.isArray(value) ? value.map(String) : [];
  const entity = useQuery({ ...entityQuery(target), enabled: Boolean(target) }).data;
  const found = useQuery({
    ...recordsQuery(target, { where: entity && searchFilter(entity, asked ?? ''), page: { size: FOUND_MAX } }),
    enabled: Boolean(entity) && asked !== null,
  });
  const own = useQuery({
    ...recordsQuery(target, { where: { field: 'id', op: 'in', value: chosen }, page: { size: LIST_MAX } }),
    enabled: chosen.length > 0,
  });
  const options = new Map([...(own.data?.items ?? []), ...(found.data?.items ?? [])].map((item) => [item.id, optionOf(item)]));
  for (const one of chosen) if (!options.has(one)) options.set(one, { value: one, label: '…' });

  return (
    <Select
      id={id} aria-label={label} mode="multiple" value={chosen} status={invalid ? 'error' : undefined} disabled={disabled} allowClear
      maxCount={field.count_max ?? LIST_MAX} showSearch={{ filterOption: false, onSearch: setTyped }} loading={found.isFetching} popupMatchSelectWidth={false}
      placeholder={placeholder ?? '输入名称或编号查找，可选多项'} options={[...options.values()]}
      notFoundContent={found.isFetching ? '正在查找' : found.isError ? '查找失败，请重试' : '没有找到'}
      onOpenChange={(open) => open && setAsked((before) => before ?? '')}
      onChange={(next: string[]) => onChange(next.length ? next : null)}
    />
  );
}
