import type { Entity, Values } from '../../api/types';
import { FieldValue } from '../../kit/FieldValue';
import { useDictionaries } from '../../kit/fields';
import { isVisible } from '../../kit/required';

/** Fields of a record with their titles. */
export function Facts({ entity, names, record }: { entity: Entity; names: string[]; record: Values }) {
  const shown = names.filter((name) => entity.fields[name] && isVisible(entity.fields[name], record));
  const dictionaries = useDictionaries(shown.map((name) => entity.fields[name]));
  return (
    <dl className="detail-facts">
      {shown.map((name) => (
        <div key={name}>
          <dt>{entity.fields[name]?.title}</dt>
          <dd><FieldValue name={name} field={entity.fields[name]} record={record} dictionary={dictionaries.get(entity.fields[name]?.dictionary ?? '')} /></dd>
        </div>
      ))}
    </dl>
  );
}

/** Rows of records as a plain table. */
export function Rows({ entity, columns, rows, titles = {}, empty }: {
  entity: Entity; columns: string[]; rows: Values[]; titles?: Record<string, string | null | undefined>; empty: string;
}) {
  const dictionaries = useDictionaries(columns.map((name) => entity.fields[name]));
  if (rows.length === 0) return <p className="quiet">{empty}</p>;
  return (
    <div className="detail-scroll">
      <table className="detail-table">
        <thead><tr>{columns.map((name) => <th key={name}>{titles[name] ?? entity.fields[name]?.title ?? name}</th>)}</tr></thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={typeof row.id === 'string' ? row.id : index}>
              {columns.map((name) => (
                <td key={name}><FieldValue name={name} field={entity.fields[name]} record={row} dictionary={dictionaries.get(entity.fields[name]?.dictionary ?? '')} /></td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
