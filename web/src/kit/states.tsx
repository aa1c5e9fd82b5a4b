import './states.css';

import { Button, Spin } from 'antd';
import type { ReactNode } from 'react';

import { ApiProblem, messageOf } from '../api/problem';

export function Loading({ text = '正在加载' }: { text?: string }) {
  return (
    <div className="centre" role="status" aria-live="polite">
      <Spin />
      <span className="loading-text quiet">{text}</span>
    </div>
  );
}

export function Empty({ text, children }: { text: string; children?: ReactNode }) {
  return (
    <div className="state">
      <p className="quiet">{text}</p>
      {children}
    </div>
  );
}

const FAULTS_TOLD_MAX = 3;

/** What happened, why, and what to do: the server's sentence, a way to try again, and the number for the service desk. */
export function Failed({ error, again, children }: { error: unknown; again?: () => void; children?: ReactNode }) {
  const told = error instanceof ApiProblem ? [...new Set(error.errors.map((fault) => fault.message))].slice(0, FAULTS_TOLD_MAX) : [];
  const requestId = error instanceof ApiProblem ? error.requestId : null;
  return (
    <div className="state" role="alert">
      {(told.length ? told : [messageOf(error)]).map((text) => <p key={text} className="state-failed">{text}</p>)}
      {requestId && <p className="quiet small">请求编号 {requestId}</p>}
      <div className="state-actions">
        {again && <Button onClick={again}>重试</Button>}
        {children}
      </div>
    </div>
  );
}
