import { useQuery } from '@tanstack/react-query';
import { Select } from 'antd';

import { recordsQuery } from '../../api/queries';
import { displayOf } from '../fields';
import type { InputProps } from './FieldInput';
import { optionOf, useFound } from './useFound';

/** A reference, found by typing a part of its name. */
export function RefInput({ id, field, value, onChange, invalid, disabled, record, label, placeholder, name }: InputProps & { name?: string }) {
  const target = field.to ?? '';
  const found = useFound(target);
  const chosen = typeof value === 'string' ? value : undefined;
  const own = useQuery({
    ...recordsQuery(target, { where: { field: 'id', op: 'eq', value: chosen ?? '' }, page: { size: 1 } }),
    enabled: Boolean(chosen) && !(record && name && displayOf(record, name)),
  });

  const options = found.items.map(optionOf);
  if (chosen && !options.some((option) => option.value === chosen)) {
    const first = own.data?.items[0];
    const label = (record && name && displayOf(record, name)) || (first?.id === chosen ? optionOf(first).label : '…');
    options.unshift({ value: chosen, label });
  }
  return (
    <Select
      {...found.select} id={id} aria-label={label} value={chosen} status={invalid ? 'error' : undefined} disabled={disabled}
      placeholder={placeholder ?? '输入名称或编号查找'} options={options} onChange={(next: string | undefined) => onChange(next ?? null)}
    />
  );
}
