import { memo } from 'react';

import type { Field, Json, Values } from '../api/types';
import { isMasked } from './fields';
import { FieldBox } from './FieldBox';
import { FieldInput } from './inputs/FieldInput';
import { isRequired, isVisible } from './required';

interface Props {
  fields: [string, Field][];
  values: Values;
  errors: Record<string, string>;
  onChange: (name: string, value: Json) => void;
  /** Distinguishes the ids of several grids on a page. */
  prefix?: string;
  /** One column, for narrow places. */
  one?: boolean;
  /** Whether a field cannot be changed now. */
  fixed?: (field: Field) => boolean;
}

/** Inputs for fields, in columns; conditional ones come and go. */
export function FieldGrid({ fields, values, errors, onChange, prefix = 'f', one, fixed }: Props) {
  const shown = fields.filter(([, field]) => isVisible(field, values));
  if (shown.length === 0) return null;
  return (
    <div className={one ? 'form-grid one' : 'form-grid'}>
      {shown.map(([name, field]) => (
        <Cell
          key={name} id={`${prefix}-${name}`} name={name} field={field} value={values[name]} error={errors[name]} onChange={onChange}
          required={isRequired(field, values)} disabled={fixed?.(field) ?? false}
          masked={isMasked(values, name) ? String(values[name] ?? '') : undefined} record={field.type === 'ref' ? values : undefined}
        />
      ))}
    </div>
  );
}

interface CellProps {
  id: string;
  name: string;
  field: Field;
  value: Json | undefined;
  error?: string;
  required: boolean;
  disabled: boolean;
  /** The masked text of a sensitive value that stays as it is unless typed over. */
  masked?: string;
  record?: Values;
  onChange: (name: string, value: Json) => void;
}

const WHOLE = new Set<Field['type']>(['long_text', 'rich_text', 'address']);
/** Long lines of text are longer than a column shows. */
const DOUBLE_MIN = 150;

function widthOf(field: Field): 'double' | 'whole' | undefined {
  if (WHOLE.has(field.type)) return 'whole';
  return field.type === 'text' && (field.length_max ?? 0) >= DOUBLE_MIN ? 'double' : undefined;
}

const Cell = memo(function Cell({ id, name, field, value, error, required, disabled, masked, record, onChange }: CellProps) {
  const untouched = masked !== undefined && value === masked;
  return (
    <FieldBox
      id={id} title={field.title} required={required} error={error} width={widthOf(field)}
      help={untouched ? '已加密保存，不修改请留空' : field.help}
    >
      <FieldInput
        id={id} field={field} value={untouched ? null : value} disabled={disabled} invalid={Boolean(error)} record={record}
        placeholder={masked} onChange={(next) => onChange(name, masked !== undefined && next === null ? masked : next)}
      />
    </FieldBox>
  );
});
