import { Cascader } from 'antd';
import { useMemo } from 'react';

import type { DictionaryItem, Json } from '../../api/types';
import { pathTo, treeOf } from './tree';

interface Props {
  id?: string;
  items: DictionaryItem[];
  value: string | undefined;
  onChange: (value: Json) => void;
  status?: 'error';
  disabled?: boolean;
  /** The items are still on their way. */
  loading?: boolean;
  label?: string;
  placeholder?: string;
  /** Only codes with none below them may be chosen. */
  leafOnly?: boolean;
}

/** A code of a tree (regions): column by column, or by typing a part of its name. */
export default function TreeInput({ id, items, value, onChange, status, disabled, loading, label, placeholder = '请选择', leafOnly = false }: Props) {
  const options = useMemo(() => treeOf(items), [items]);
  return (
    <Cascader
      id={id} aria-label={label} options={options} value={pathTo(items, value)} status={status} disabled={disabled} loading={loading}
      changeOnSelect={!leafOnly} expandTrigger="hover" showSearch placeholder={placeholder} style={{ width: '100%' }}
      displayRender={(labels) => labels.join(' / ')}
      onChange={(path?: (string | number | null)[]) => onChange(path?.length ? String(path[path.length - 1]) : null)}
    />
  );
}
