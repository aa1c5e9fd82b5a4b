import type { Field, Json } from './types';

/** Shapes on the wire of tasks, processes, history, imports and documents. */

export type TaskBox = 'todo' | 'done' | 'started';

export interface TaskOutcome {
  key: string;
  title: string;
  negative?: boolean;
  opinion_required?: boolean;
  allowed?: boolean;
  why_not?: string | null;
}

export interface TaskFormField {
  name: string;
  required?: boolean;
  outcomes?: string[];
  length_min?: number | null;
  default?: Json;
  field: Field;
}

export interface Task {
  id: string;
  instance_id: string;
  process: string;
  process_title: string;
  step: string;
  title: string;
  /** Of the box `started`, the state of the instance. */
  state: 'open' | 'claimed' | 'done' | 'returned' | 'cancelled' | 'running' | 'completed' | 'withdrawn' | 'terminated';
  entity: string;
  record_id: string;
  record_display: string;
  assignee?: string | null;
  assignee_name?: string | null;
  claim?: boolean;
  created_at: string;
  due_on?: string | null;
  days_left?: number | null;
  warn_days?: number | null;
  completed_at?: string | null;
  outcome?: string | null;
  outcome_title?: string | null;
  opinion?: string | null;
  help?: string | null;
  page?: string | null;
  outcomes?: TaskOutcome[];
  form?: TaskFormField[];
  return_to?: { step: string; title: string }[];
}

/** How much lies in each box, and how pressing what is to do is. */
export interface TaskCounts {
  todo: number;
  done: number;
  started: number;
  late: number;
  due_today: number;
  due_soon: number;
  due_later: number;
}

export interface TaskList {
  items: Task[];
  total: number;
  counts: TaskCounts;
  /** Steps of what is to do, with how much lies at each. */
  steps: { step: string; title: string; count: number }[];
}

export interface TrailEntry {
  seq: number;
  element: string;
  title: string;
  kind: string;
  at: string;
  actor_name?: string | null;
  outcome?: string | null;
  outcome_title?: string | null;
  opinion?: string | null;
  detail?: Json;
}

export interface Instance {
  id: string;
  process: string;
  title: string;
  state: 'running' | 'completed' | 'withdrawn' | 'terminated' | 'incident';
  outcome?: string | null;
  started_at: string;
  started_by_name?: string | null;
  ended_at?: string | null;
  due_on?: string | null;
  days_left?: number | null;
  active: string[];
  taken: string[];
  visited: string[];
  trail: TrailEntry[];
  next?: { step: string; title: string; roles?: string[] }[];
  /** Whether the caller may call the case back (撤回). */
  may_withdraw?: boolean;
  warn_days?: number | null;
  bpmn?: string;
}

export interface HistoryChange {
  field: string;
  title: string;
  before?: Json;
  after?: Json;
}

export interface HistoryEntry {
  at: string;
  actor_name?: string | null;
  action: string;
  why?: string | null;
  version: number;
  changes: HistoryChange[];
  /** Rules that the change broke and that were confirmed. */
  confirmations?: Confirmation[];
}

/** A rule that is let pass, and why. */
export interface Confirm {
  code: string;
  field: string;
  reason: string;
}

export interface Confirmation extends Confirm {
  message: string;
}

export interface ImportError {
  sheet?: string | null;
  row?: number | null;
  column?: string | null;
  field?: string | null;
  message: string;
}

/** What came of an import. */
export interface ImportResult {
  rows?: number;
  created?: number;
  updated?: number;
  unchanged?: number;
  faulty?: number;
  errors?: ImportError[];
  errors_total?: number;
  error_file?: string | null;
  /** Columns that were known but not imported. */
  ignored_columns?: string[];
}

export interface Job {
  id: string;
  kind: string;
  state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
  progress?: { done: number; total: number } | null;
  result?: ImportResult & { done?: number; refused?: number } | null;
  error?: string | null;
}

export interface FileMeta {
  id: string;
  name: string;
  size: number;
  media_type: string;
}

export interface Sealed {
  title: string;
  number: string;
  facts: { title: string; value: string }[];
  issued_at: string;
  valid_to?: string | null;
  state: 'valid' | 'expired' | 'revoked';
  signature_valid: boolean;
  issuer: string;
}
