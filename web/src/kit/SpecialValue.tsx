import type { Dictionary, Field, Json, Values } from '../api/types';
import { idsIn, isFile, isMasked } from './fields';
import { FileLink } from './FileLink';
import { addressText, datumOf, pointText } from './places';
import { RichText } from './RichText';

interface Props {
  name: string;
  field: Field;
  value: Json;
  record: Values;
  dictionary?: Dictionary;
}

/** Values that are more than a line of text; `null` for all others. */
export function specialValue({ name, field, value, record, dictionary }: Props) {
  // A masked value is text, whatever its type.
  if (isMasked(record, name)) return null;
  if (isFile(field.type)) return <Files ids={idsIn(value)} />;
  switch (field.type) {
    case 'rich_text':
      return <RichText markup={String(value)} />;
    case 'address':
      return <>{addressText(value, dictionary?.items)}</>;
    case 'geo_point':
      return <span className="numeric" title={datumOf(field)}>{pointText(value)}</span>;
    case 'ref_list':
      return <>{listedNames(record, name, value).join('、')}</>;
    default:
      return null;
  }
}

function Files({ ids }: { ids: string[] }) {
  return (
    <>
      {ids.map((id, index) => (
        <span key={id}>{index > 0 && '、'}<FileLink id={id} /></span>
      ))}
    </>
  );
}

/** What the records of a list are called, as the server gave it; their ids where it gave none. */
function listedNames(record: Values, name: string, value: Json): string[] {
  const refs = record.$refs;
  const names = refs && typeof refs === 'object' && !Array.isArray(refs) ? refs[name] : undefined;
  if (Array.isArray(names)) return names.map(String);
  return idsIn(value);
}
