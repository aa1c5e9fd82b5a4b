import './json.css';

import type { Json } from '../api/types';

const DEPTH_MAX = 4;

/** A structured answer (of a register, of a decision) as nested lists of names and values. */
export function JsonValue({ value, depth = 0 }: { value: Json; depth?: number }) {
  if (value === null) return <span className="quiet">—</span>;
  if (typeof value === 'boolean') return <>{value ? '是' : '否'}</>;
  if (typeof value !== 'object') return <>{String(value)}</>;
  if (depth >= DEPTH_MAX) return <code className="small">{JSON.stringify(value)}</code>;
  if (Array.isArray(value)) {
    if (value.length === 0) return <span className="quiet">无</span>;
    return (
      <ul className="json-list">
        {value.map((item, index) => (
          <li key={index}><JsonValue value={item} depth={depth + 1} /></li>
        ))}
      </ul>
    );
  }
  return (
    <dl className="json-pairs">
      {Object.entries(value).map(([key, item]) => (
        <div key={key}>
          <dt>{key}</dt>
          <dd><JsonValue value={item} depth={depth + 1} /></dd>
        </div>
      ))}
    </dl>
  );
}
