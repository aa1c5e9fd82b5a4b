import { Alert } from 'antd';

interface Props {
  /** What stands against it as a whole. */
  problem: string | null;
  errors?: Record<string, string>;
  /** Fields that show their own error; those of others are listed here. */
  placed?: string[];
}

/** Why something was refused, with every fault that has no input of its own to stand at. */
export function ProblemAlert({ problem, errors = {}, placed = [] }: Props) {
  if (!problem) return null;
  const others = [...new Set(Object.entries(errors).filter(([field]) => !placed.includes(field)).map(([, message]) => message))];
  // One fault that stands nowhere else says more than that there is one.
  if (others.length === 1 && Object.keys(errors).length === 1) return <Alert type="error" showIcon title={others[0]} />;
  return (
    <Alert
      type="error" showIcon title={problem}
      description={others.length > 0 && <ul>{others.map((message) => <li key={message}>{message}</li>)}</ul>}
    />
  );
}
