import './fieldbox.css';

import type { ReactNode } from 'react';

interface Props {
  id: string;
  title: string;
  required?: boolean;
  help?: string | null;
  error?: string;
  wide?: boolean;
  children: ReactNode;
}

/** Label, input, help and error of one field. */
export function FieldBox({ id, title, required, help, error, wide, children }: Props) {
  return (
    <div className={wide ? 'field wide' : 'field'} data-field={id}>
      <label htmlFor={id} className={required ? 'required' : undefined}>{title}</label>
      <div className="field-input">
        {children}
        {error ? <p className="field-error" role="alert">{error}</p> : help && <p className="field-help">{help}</p>}
      </div>
    </div>
  );
}
