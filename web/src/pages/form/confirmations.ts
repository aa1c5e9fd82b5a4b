import type { FieldError } from '../../api/problem';

/** Reasons by warning. */
export type Reasons = Record<string, string>;

export const warningKey = (warning: FieldError) => `${warning.field} ${warning.code}`;

/** What `$confirm` sends: each warning by its field, with its reason. */
export function confirmationsOf(warnings: FieldError[], reasons: Reasons) {
  return warnings.map((one) => ({ code: one.code, field: one.field, reason: (reasons[warningKey(one)] ?? '').trim() }));
}
