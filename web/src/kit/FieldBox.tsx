import './fieldbox.css';

import type { ReactNode } from 'react';

interface Props {
  id: string;
  title: string;
  required?: boolean;
  help?: string | null;
  error?: string;
  /** Takes two columns, or the whole line. */
  width?: 'double' | 'whole';
  children: ReactNode;
}

/** Label, input, help and error of one field. */
export function FieldBox({ id, title, required, help, error, width, children }: Props) {
  return (
    <div className={width ? `field ${width}` : 'field'} data-field={id}>
      {/* To an area of rich text, which is no form control, a label does not lead by itself. */}
      <label htmlFor={id} className={required ? 'required' : undefined} onClick={() => document.getElementById(id)?.focus()}>{title}</label>
      <div className="field-input">
        {children}
        {error ? <p className="field-error" role="alert">{error}</p> : help && <p className="field-help">{help}</p>}
      </div>
    </div>
  );
}
