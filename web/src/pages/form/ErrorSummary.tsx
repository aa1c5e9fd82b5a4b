import { Alert } from 'antd';

import type { Entity } from '../../api/types';
import { titleOfError } from './changes';

const SHOWN_MAX = 6;

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
      type="warning" showIcon className="form-alert" title={`有 ${entries.length} 处需要修改`}
      description={
        <ul className="error-summary">
          {entries.slice(0, SHOWN_MAX).map(([key, message]) => (
            <li key={key}>
              <button type="button" onClick={() => go(key)}>{[titleOfError(entity, key), message].filter(Boolean).join('：')}</button>
            </li>
          ))}
          {entries.length > SHOWN_MAX && <li>还有 {entries.length - SHOWN_MAX} 处，见下方红字</li>}
        </ul>
      }
    />
  );
}
