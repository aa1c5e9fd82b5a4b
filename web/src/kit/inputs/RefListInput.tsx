import { useQuery } from '@tanstack/react-query';
import { Select } from 'antd';

import { recordsQuery } from '../../api/queries';
import { idsIn } from '../fields';
import type { InputProps } from './FieldInput';
import { optionOf, useFound } from './useFound';

const LIST_MAX = 100;

/** Several records, each found by typing a part of its name. */
export default function RefListInput({ id, field, value, onChange, invalid, disabled, label, placeholder }: InputProps) {
  const target = field.to ?? '';
  const found = useFound(target);
  const chosen = idsIn(value);
  const own = useQuery({
    ...recordsQuery(target, { where: { field: 'id', op: 'in', value: chosen }, page: { size: LIST_MAX } }),
    enabled: chosen.length > 0,
  });
  const options = new Map([...(own.data?.items ?? []), ...found.items].map((item) => [item.id, optionOf(item)]));
  for (const one of chosen) if (!options.has(one)) options.set(one, { value: one, label: '…' });

  return (
    <Select
      {...found.select} id={id} aria-label={label} mode="multiple" value={chosen} status={invalid ? 'error' : undefined} disabled={disabled}
      maxCount={field.count_max ?? LIST_MAX} placeholder={placeholder ?? '输入名称或编号查找，可选多项'} options={[...options.values()]}
      onChange={(next: string[]) => onChange(next.length ? next : null)}
    />
  );
}
