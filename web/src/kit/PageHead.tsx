import type { ReactNode } from 'react';

export function PageHead({ title, purpose, children }: { title: string; purpose?: string | null; children?: ReactNode }) {
  return (
    <div className="page-head">
      <h1>{title}</h1>
      {purpose && <span className="purpose">{purpose}</span>}
      {children && <div className="actions">{children}</div>}
    </div>
  );
}
