import type { ReactNode } from 'react';

interface Props {
  title: string;
  purpose?: string | null;
  /** States of what the page shows, beside its title. */
  tags?: ReactNode;
  /** Buttons at the right. */
  children?: ReactNode;
}

export function PageHead({ title, purpose, tags, children }: Props) {
  return (
    <div className="page-head">
      <h1>{title}</h1>
      {tags}
      {purpose && <span className="purpose">{purpose}</span>}
      {children && <div className="actions">{children}</div>}
    </div>
  );
}
