import type { Dictionary, Field, Json, Values } from '../api/types';
import { displayOf, isMasked, valueAt } from './fields';
import { formatValue, isBlank, NOTHING } from './format';
import { JsonValue } from './JsonValue';
import { Reveal } from './Reveal';
import { specialValue } from './SpecialValue';
import { ChoiceText } from './Tag';

interface Props {
  name: string;
  field: Field | undefined;
  record: Values;
  dictionary?: Dictionary;
  /** The record's entity, where masked values may be shown in clear. */
  entity?: string;
}

/** One value of a record, shown. Always text or elements made here: nothing of it is read as markup. */
export function FieldValue({ name, field, record, dictionary, entity }: Props) {
  const value = valueAt(record, name);
  if (isBlank(value)) return <span className="quiet">{NOTHING}</span>;
  if (!field) return <>{typeof value === 'object' ? <JsonValue value={value} /> : String(value)}</>;
  if (entity && field.unmask && typeof record.id === 'string' && isMasked(record, name)) {
    return <Reveal entity={entity} id={record.id} name={name} title={field.title} masked={String(value)} />;
  }
  const special = specialValue({ name, field, value, record, dictionary });
  if (special) return special;
  switch (field.type) {
    case 'choice':
      return <ChoiceText code={String(value)} dictionary={dictionary} />;
    case 'multi_choice':
      return <MultiChoice codes={value} dictionary={dictionary} />;
    case 'json':
      return <JsonValue value={value} />;
    case 'long_text':
      return <span className="pre">{String(value)}</span>;
    case 'boolean':
    case 'text':
    case 'person_name':
    case 'ref':
      return <>{formatValue(field, value, displayOf(record, name))}</>;
    default:
      return <span className="numeric">{formatValue(field, value)}</span>;
  }
}

function MultiChoice({ codes, dictionary }: { codes: Json; dictionary?: Dictionary }) {
  if (!Array.isArray(codes)) return <>{String(codes)}</>;
  return (
    <>
      {codes.map((code, index) => (
        <span key={String(code)}>
          {index > 0 && '、'}
          <ChoiceText code={String(code)} dictionary={dictionary} />
        </span>
      ))}
    </>
  );
}
