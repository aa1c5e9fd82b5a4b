import { Select } from 'antd';
import { lazy, Suspense } from 'react';

import type { Dictionary } from '../../api/types';
import type { InputProps } from './FieldInput';
import { useOffered } from './useOffered';

const TreeInput = lazy(() => import('./TreeInput'));

/** A choice from a dictionary: a list, or a tree opened level by level. Retired items are offered only where they stand. */
export function ChoiceInput({ id, field, value, onChange, invalid, disabled, label, dictionary, compact }: InputProps & { dictionary?: Dictionary }) {
  const many = field.type === 'multi_choice';
  const chosen = Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : [];
  const items = useOffered(dictionary, chosen);
  const status = invalid ? ('error' as const) : undefined;

  if (!many && items.some((item) => item.parent)) {
    return (
      <Suspense fallback={<Select disabled loading aria-label={label} />}>
        <TreeInput id={id} items={items} value={chosen[0]} onChange={onChange} status={status} disabled={disabled} label={label} leafOnly={field.leaf_only} />
      </Suspense>
    );
  }
  return (
    <Select
      id={id} aria-label={label} status={status} disabled={disabled} loading={!dictionary && Boolean(field.dictionary)}
      mode={many ? 'multiple' : undefined} allowClear={!field.required && !compact} placeholder="请选择"
      showSearch={items.length > 8 ? { optionFilterProp: 'label' } : false} popupMatchSelectWidth={false}
      value={many ? chosen : chosen[0]}
      options={items.map((item) => ({ value: item.code, label: item.title, note: item.note }))}
      optionRender={({ label: title, data }) => <>{title}{data.note && <span className="option-note">{data.note}</span>}</>}
      onChange={(next: string | string[] | undefined) => onChange(next ?? null)}
    />
  );
}
