import type { Dictionary, Field, Json, Values } from '../api/types';
import { FileLink } from './FileLink';
import { addressText, pointText } from './places';
import { RichText } from './RichText';
import { isMasked } from './fields';

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
  switch (field.type) {
    case 'rich_text':
      return <RichText markup={String(value)} />;
    case 'file':
    case 'image':
    case 'video':
      return <Files ids={Array.isArray(value) ? value.map(String) : [String(value)]} />;
    case 'address':
      return <>{addressText(value, dictionary?.items)}</>;
    case 'geo_point':
      return <span className="numeric" title={field.datum === 'gcj02' ? 'GCJ-02' : 'WGS-84'}>{pointText(value)}</span>;
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
  return Array.isArray(value) ? value.map(String) : [String(value)];
}
