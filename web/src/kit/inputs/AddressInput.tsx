import { Input } from 'antd';

import type { Json } from '../../api/types';
import { useDictionary } from '../fields';
import { addressOf } from '../places';
import type { InputProps } from './FieldInput';
import TreeInput from './TreeInput';
import { useOffered } from './useOffered';

const DETAIL_MAX = 200;

/** The region out of its tree, and street and number beside it. */
export default function AddressInput({ id, field, value, onChange, invalid, disabled, placeholder, label }: InputProps) {
  const dictionary = useDictionary(field.dictionary);
  const address = addressOf(value);
  const status = invalid ? ('error' as const) : undefined;
  const items = useOffered(dictionary, address?.region ?? []);
  const put = (region: string | null, detail: string) => onChange(region || detail.trim() ? { region, detail } : null);
  const region = address?.region.at(-1) ?? null;

  return (
    <div className="address-input">
      <TreeInput
        id={id} items={items} value={region ?? undefined} status={status} disabled={disabled} label={`${label ?? field.title}所在地区`} leafOnly={field.leaf_only}
        loading={!dictionary && Boolean(field.dictionary)}
        placeholder={placeholder ?? '所在地区'} onChange={(code: Json) => put(typeof code === 'string' ? code : null, address?.detail ?? '')}
      />
      <Input
        aria-label={`${label ?? field.title}详细地址`} placeholder="路、弄、号、室" value={address?.detail ?? ''} status={status} disabled={disabled}
        maxLength={field.length_max ?? DETAIL_MAX} autoComplete="off" onChange={(event) => put(region, event.target.value)}
      />
    </div>
  );
}
