import { Link } from 'react-router';

import type { Entity, Field, Values } from '../../api/types';
import { places } from '../../app/places';
import { FieldValue } from '../../kit/FieldValue';
import { displayOf, useDictionaries, valueAt } from '../../kit/fields';
import { isBlank } from '../../kit/format';
import { isVisible } from '../../kit/required';

interface FactsProps {
  entity: Entity;
  names: string[];
  record: Values;
  /** Leaves out what has no value. */
  given?: boolean;
}

/** Fields of a record with their titles. */
export function Facts({ entity, names, record, given }: FactsProps) {
  const shown = names.filter((name) => entity.fields[name] && isVisible(entity.fields[name], record) && !(given && isBlank(valueAt(record, name))));
  const dictionaries = useDictionaries(shown.map((name) => entity.fields[name]));
  return (
    <dl className="detail-facts">
      {shown.map((name) => (
        <div key={name} className={spanOf(entity.fields[name], record, name)}>
          <dt>{entity.fields[name]?.title}</dt>
          <dd><FieldValue name={name} field={entity.fields[name]} record={record} entity={entity.entity} dictionary={dictionaries.get(entity.fields[name]?.dictionary ?? '')} /></dd>
        </div>
      ))}
    </dl>
  );
}

/** What fits into one column of facts beside its title, and into two, in Chinese characters. */
const ONE_MAX = 15;
const TWO_MAX = 32;

/** How wide a text runs, in Chinese characters; Latin letters and digits take about half. */
const runOf = (text: string) => [...text].reduce((sum, letter) => sum + (letter.charCodeAt(0) > 0xff ? 1 : 0.55), 0);

/** Longer texts take two columns or the whole line rather than many lines. */
function spanOf(field: Field | undefined, record: Values, name: string): string | undefined {
  const text = field?.type === 'ref' ? displayOf(record, name) : field?.type === 'text' || field?.type === 'long_text' ? record[name] : null;
  if (!field || typeof text !== 'string') return undefined;
  const run = runOf(field.title) + runOf(text);
  return run > TWO_MAX ? 'whole' : run > ONE_MAX ? 'double' : undefined;
}

interface RowsProps {
  entity: Entity;
  columns: string[];
  rows: Values[];
  titles?: Record<string, string | null | undefined>;
  /** Detail page that the first column opens. */
  detail?: string;
  empty: string;
}

/** Types whose values are short and must not be broken over lines. */
const SHORT = new Set(['date', 'date_time', 'choice', 'sequence', 'id_number', 'phone', 'integer', 'decimal', 'money', 'boolean']);
const NUMBERS = new Set(['integer', 'decimal', 'money']);

const classOf = (field: Field | undefined) =>
  field && SHORT.has(field.type) ? (NUMBERS.has(field.type) ? 'keep number' : 'keep') : undefined;

/** Rows of records as a plain table; columns nobody has filled in are left out. */
export function Rows({ entity, columns, rows, titles = {}, detail, empty }: RowsProps) {
  const shown = columns.filter((name, index) => index === 0 || rows.some((row) => !isBlank(valueAt(row, name))));
  const dictionaries = useDictionaries(columns.map((name) => entity.fields[name]));
  if (rows.length === 0) return <p className="quiet">{empty}</p>;
  return (
    <div className="detail-scroll">
      <table className="detail-table">
        <thead><tr>{shown.map((name) => <th key={name} className={classOf(entity.fields[name])}>{titles[name] ?? entity.fields[name]?.title ?? ''}</th>)}</tr></thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={typeof row.id === 'string' ? row.id : index}>
              {shown.map((name, column) => {
                const field = entity.fields[name];
                const value = <FieldValue name={name} field={field} record={row} entity={entity.entity} dictionary={dictionaries.get(field?.dictionary ?? '')} />;
                const opens = column === 0 && detail && typeof row.id === 'string';
                return <td key={name} className={classOf(field)}>{opens ? <Link to={places.record(detail, String(row.id))}>{value}</Link> : value}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
