import { ApiProblem, type FieldError, messageOf } from '../api/problem';
import type { Confirm } from '../api/types';

/** Reasons by warning. */
export type Reasons = Record<string, string>;

export const warningKey = (warning: FieldError) => `${warning.field} ${warning.code}`;

/** What is sent: each warning by its field, with its reason. */
export function confirmationsOf(warnings: FieldError[], reasons: Reasons): Confirm[] {
  return warnings.map((one) => ({ code: one.code, field: one.field, reason: (reasons[warningKey(one)] ?? '').trim() }));
}

const TOO_MANY = 429;
const SERVER_FAULT = 500;

/**
 * What is still to be confirmed after a refusal. New warnings join those asked before, as the server does not name again what
 * was confirmed with the request; where it was not reached, they stay; faults and newer versions have to be seen to first.
 */
export function warningsAfter(asked: FieldError[], error: unknown): FieldError[] {
  if (!(error instanceof ApiProblem)) return asked;
  if (error.warnings.length) {
    const known = new Set(asked.map(warningKey));
    return [...asked, ...error.warnings.filter((one) => !known.has(warningKey(one)))];
  }
  return error.status === 0 || error.status === TOO_MANY || error.status >= SERVER_FAULT ? asked : [];
}

/** What stands against it as a whole: nothing where there are warnings, which speak for themselves. */
export const problemAfter = (error: unknown) => (error instanceof ApiProblem && error.warnings.length ? null : messageOf(error));
