import { Input, Radio, Select } from 'antd';
import { lazy, Suspense } from 'react';

import type { Field, Json, Values } from '../../api/types';
import { useDictionary } from '../fields';
import { ChoiceInput } from './ChoiceInput';
import { NumberInput } from './NumberInput';
import { RefInput } from './RefInput';
import { specialInput } from './special';

const DateInput = lazy(() => import('./DateInput'));

export interface InputProps {
  id?: string;
  field: Field;
  value: Json | undefined;
  onChange: (value: Json) => void;
  invalid?: boolean;
  disabled?: boolean;
  /** Shown in an empty input, e.g. the masked value that stays unless typed over. */
  placeholder?: string;
  /** The record so far: some inputs depend on others. */
  record?: Values;
  label?: string;
  /** In a table cell, where space is scarce. */
  compact?: boolean;
}

const LONG_TEXT_MAX = 4000;
const TEXT_MAX = 200;

/** The input for a field of any type. */
export function FieldInput(props: InputProps) {
  const { id, field, value, onChange, invalid, disabled, placeholder, label, compact } = props;
  const status = invalid ? ('error' as const) : undefined;
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  const special = specialInput(props);
  if (special) return special;
  switch (field.type) {
    case 'long_text':
      return (
        <Input.TextArea
          id={id} aria-label={label} value={text} status={status} disabled={disabled} placeholder={placeholder}
          autoSize={{ minRows: compact ? 1 : 2, maxRows: 8 }} maxLength={field.length_max ?? LONG_TEXT_MAX}
          onChange={(event) => onChange(event.target.value || null)}
        />
      );
    case 'integer':
    case 'decimal':
    case 'money':
      return <NumberInput {...props} />;
    case 'boolean':
      return compact ? (
        <Select
          id={id} aria-label={label} value={typeof value === 'boolean' ? String(value) : undefined} status={status} disabled={disabled}
          options={[{ value: 'true', label: '是' }, { value: 'false', label: '否' }]}
          onChange={(chosen: string) => onChange(chosen === 'true')}
        />
      ) : (
        <Radio.Group
          id={id} aria-label={label} value={value} disabled={disabled}
          options={[{ value: true, label: '是' }, { value: false, label: '否' }]}
          onChange={(event) => onChange(event.target.value as boolean)}
        />
      );
    case 'date':
    case 'date_time':
      return <Suspense fallback={<Input disabled aria-label={label} />}><DateInput {...props} /></Suspense>;
    case 'choice':
    case 'multi_choice':
      return <ChoiceOf {...props} />;
    case 'ref':
      return <RefInput {...props} />;
    case 'json':
    case 'sequence':
      return <Input id={id} aria-label={label} value={field.type === 'sequence' ? text : ''} disabled placeholder={field.type === 'sequence' ? '保存后自动生成' : '由系统写入'} />;
    default:
      return (
        <Input
          id={id} aria-label={label} value={text} status={status} disabled={disabled} placeholder={placeholder}
          maxLength={field.length_max ?? TEXT_MAX} autoComplete="off" allowClear={!compact}
          inputMode={field.type === 'phone' ? 'tel' : field.type === 'bank_card' ? 'numeric' : undefined}
          onChange={(event) => onChange(event.target.value || null)}
          onBlur={() => text !== text.trim() && onChange(text.trim() || null)}
        />
      );
  }
}

function ChoiceOf(props: InputProps) {
  return <ChoiceInput {...props} dictionary={useDictionary(props.field.dictionary)} />;
}
