import type { Dictionary, Tone } from '../api/types';
import { dueText, dueTone } from './format';

export function Tag({ tone, children }: { tone?: Tone | null; children: string }) {
  return <span className={`tag ${tone ?? 'neutral'}`}>{children}</span>;
}

/** A code of a dictionary: coloured when the dictionary gives it a tone, plain text otherwise. */
export function ChoiceText({ code, dictionary }: { code: string; dictionary?: Dictionary }) {
  const item = dictionary?.items.find((one) => one.code === code);
  if (!item) return <>{dictionary ? code : ''}</>;
  return item.tone ? <Tag tone={item.tone}>{item.title}</Tag> : <>{item.title}</>;
}

const DUE_TONES = { late: 'danger', soon: 'warning', normal: 'neutral' } as const;

/** Working days left, coloured by how pressing it is. */
export function DueTag({ daysLeft, dueOn, warnDays }: { daysLeft: number; dueOn?: string | null; warnDays?: number | null }) {
  return (
    <span className={`tag ${DUE_TONES[dueTone(daysLeft, warnDays ?? undefined)]} numeric`} title={dueOn ? `${dueOn} 到期` : undefined}>
      {dueText(daysLeft)}
    </span>
  );
}
