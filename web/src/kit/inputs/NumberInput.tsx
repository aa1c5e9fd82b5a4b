import { Input } from 'antd';
import { useState } from 'react';

import type { Field, Json } from '../../api/types';
import { parseYuan, yuanText } from '../format';
import type { InputProps } from './FieldInput';

/** What stands in the input for a stored value. */
function shown(field: Field, value: Json | undefined): string {
  if (value === null || value === undefined) return '';
  return field.type === 'money' && typeof value === 'number' ? yuanText(value) : String(value);
}

/** Typed text as a value; text that is no number is kept, so that the server can say what is wrong with it. */
function parsed(field: Field, text: string): Json {
  const clean = text.replaceAll(/[,，\s]/g, '');
  if (clean === '') return null;
  if (field.type === 'money') return parseYuan(clean) ?? text;
  if (field.type === 'integer') return /^-?\d{1,15}$/.test(clean) ? Number(clean) : text;
  return clean;
}

/** Numbers as text: money and decimals never pass through a float. */
export function NumberInput({ id, field, value, onChange, invalid, disabled, placeholder, label, compact }: InputProps) {
  const [draft, setDraft] = useState<string | null>(null);
  const unit = field.type === 'money' ? '元' : field.unit;
  return (
    <Input
      id={id} aria-label={label} inputMode="decimal" disabled={disabled} placeholder={placeholder} autoComplete="off"
      status={invalid ? 'error' : undefined} suffix={compact ? undefined : unit} className="numeric"
      value={draft ?? shown(field, value)}
      onChange={(event) => {
        setDraft(event.target.value);
        onChange(parsed(field, event.target.value));
      }}
      onBlur={() => setDraft(null)}
    />
  );
}
