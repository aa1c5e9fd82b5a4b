import { Alert } from 'antd';

import type { Entity } from '../../api/types';
import { sentenceOf } from '../../kit/fields';

const SHOWN_MAX = 12;

/** What is to be corrected, each entry leading to its input. */
export function ErrorSummary({ entity, errors }: { entity: Entity; errors: Record<string, string> }) {
  const entries = Object.entries(errors);
  if (entries.length === 0) return null;
  const go = (key: string) => {
    const box = document.querySelector(`[data-field="${CSS.escape(key)}"], [data-field="${CSS.escape(`f-${key}`)}"]`);
    box?.scrollIntoView({ block: 'center' });
    box?.querySelector<HTMLElement>('input, textarea, button, [tabindex]')?.focus();
  };
  return (
    <Alert
      type="warning" showIcon className="form-alert"
      title={
        <div className="error-summary">
          <span>有 {entries.length} 处需要修改：</span>
          {entries.slice(0, SHOWN_MAX).map(([key, message]) => (
            <button key={key} type="button" onClick={() => go(key)}>{sentenceOf(entity, key, message)}</button>
          ))}
          {entries.length > SHOWN_MAX && <span>等，见下方红字</span>}
        </div>
      }
    />
  );
}
