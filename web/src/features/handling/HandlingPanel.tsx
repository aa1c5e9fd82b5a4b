import { Button, Input, Radio } from 'antd';
import { useState } from 'react';

import type { Confirm, Entity, Field, Json, Task, TaskOutcome, Values } from '../../api/types';
import { ConfirmRules } from '../../kit/ConfirmRules';
import { FieldGrid } from '../../kit/FieldGrid';
import { ProblemAlert } from '../../kit/ProblemAlert';
import { missingIn } from '../../kit/required';
import { useShortcuts, type Shortcut } from '../../kit/shortcuts';
import { ReturnDialog } from './ReturnDialog';
import { useHandling } from './useHandling';

const OPINION = 'opinion';
const OPINION_MAX = 500;
const PHRASES = { good: ['情况属实，同意。', '材料齐全，符合条件。', '核查无误，同意提交下一环节。'], bad: ['不符合条件，不予通过。', '材料不齐全或无法辨认。'] };

interface Props {
  task: Task;
  /** What the case is, once it is known. */
  entity: Entity | undefined;
  /** Version of the case that is shown beside it: a decision is made on what was seen. */
  version: number;
  onLeft: () => void;
}

/** What the caseworker decides: outcome, form, opinion. */
export function HandlingPanel({ task, entity, version, onLeft }: Props) {
  const handling = useHandling(task, version, onLeft);
  if (task.claim && task.state === 'open') return <Claiming handling={handling} />;
  return <Deciding task={task} entity={entity} handling={handling} />;
}

type Handling = ReturnType<typeof useHandling>;

function Claiming({ handling }: { handling: Handling }) {
  useShortcuts([{ key: 's', title: '签收', group: '办理', run: () => void handling.claim() }]);
  return (
    <>
      <p>本环节须先签收，签收后其他人不再看到此案件。</p>
      <ProblemAlert problem={handling.problem} errors={handling.errors} />
      <div className="handling-buttons">
        <Button type="primary" title="签收（S）" loading={handling.busy} onClick={() => void handling.claim()}>签收</Button>
      </div>
    </>
  );
}

function Deciding({ task, entity, handling }: Pick<Props, 'task' | 'entity'> & { handling: Handling }) {
  const outcomes = task.outcomes ?? [];
  const [outcome, setOutcome] = useState(() => outcomes.find((one) => one.allowed !== false && !one.negative)?.key ?? '');
  const [opinion, setOpinion] = useState('');
  const [values, setValues] = useState<Values>(() => Object.fromEntries((task.form ?? []).map((one) => [one.name, one.default ?? null])));
  const [returning, setReturning] = useState(false);
  const chosen = outcomes.find((one) => one.key === outcome);
  const fields = fieldsOf(task, outcome);
  const does = (outcomes.length === 1 && outcomes[0]?.title) || '提交';

  const submit = (confirm?: Confirm[]) => {
    if (!chosen || chosen.allowed === false) return;
    const missing = missingIn(fields, values);
    if (chosen.opinion_required && !opinion.trim()) missing[OPINION] = '请填写办理意见';
    handling.refuse(missing);
    if (Object.keys(missing).length) return;
    const data = Object.fromEntries(Object.keys(fields).map((name) => [name, values[name] ?? null])) as Record<string, Json>;
    void handling.complete(outcome, chosen.title, opinion.trim(), data, confirm);
  };

  const choices: Shortcut[] = (outcomes.length > 1 ? outcomes : [])
    .map((one, index) => ({ key: String(index + 1), title: `选择“${one.title}”`, group: '办理', run: () => one.allowed !== false && setOutcome(one.key) }));
  useShortcuts([
    ...choices,
    { key: 'o', title: '填写意见', group: '办理', run: () => document.getElementById(OPINION)?.focus() },
    { key: 'Ctrl+Enter', title: '提交，并转到下一件', group: '办理', run: () => submit() },
  ]);

  return (
    <>
      {task.help && <p className="quiet handling-help">{task.help}</p>}
      <Outcomes outcomes={outcomes} chosen={outcome} onChoose={setOutcome} />
      {handling.errors.outcome && <p className="field-error" role="alert">{handling.errors.outcome}</p>}
      <FieldGrid
        one prefix="step" fields={Object.entries(fields)} values={values} errors={handling.errors}
        onChange={(name, value) => setValues((before) => ({ ...before, [name]: value }))}
      />
      <div className="handling-opinion">
        <label htmlFor={OPINION} className={chosen?.opinion_required ? 'required' : undefined}>办理意见</label>
        <Input.TextArea
          id={OPINION} value={opinion} maxLength={OPINION_MAX} autoSize={{ minRows: 3, maxRows: 8 }} status={handling.errors.opinion ? 'error' : undefined}
          onChange={(event) => setOpinion(event.target.value)}
        />
        {handling.errors.opinion && <p className="field-error" role="alert">{handling.errors.opinion}</p>}
        <div className="handling-phrases">
          {PHRASES[chosen?.negative ? 'bad' : 'good'].map((phrase) => (
            <Button key={phrase} size="small" onClick={() => setOpinion((before) => before + phrase)}>{phrase}</Button>
          ))}
        </div>
      </div>
      <ProblemAlert problem={handling.problem} errors={handling.errors} placed={[...Object.keys(fields), OPINION, 'outcome']} />
      <div className="handling-buttons">
        <Button
          type="primary" danger={chosen?.negative} loading={handling.busy} disabled={!chosen || chosen.allowed === false}
          title="提交（Ctrl+Enter）" onClick={() => submit()}
        >
          {does}
        </Button>
        {Boolean(task.return_to?.length) && <Button onClick={() => setReturning(true)}>退回</Button>}
        {task.state === 'claimed' && <Button onClick={() => void handling.release()}>取消签收</Button>}
      </div>
      <ConfirmRules
        entity={entity} warnings={handling.warnings} problem={handling.problem} does={does} busy={handling.busy}
        onConfirm={submit} onCancel={handling.dismissWarnings}
      />
      {returning && <ReturnDialog task={task} onClose={() => setReturning(false)} onReturn={(step, reason) => void handling.sendBack(step, reason)} />}
    </>
  );
}

/** What the chosen outcome asks for. A field that only processes set is asked for here all the same. */
function fieldsOf(task: Task, outcome: string): Record<string, Field> {
  const asked = (task.form ?? []).filter((one) => !one.outcomes?.length || one.outcomes.includes(outcome));
  return Object.fromEntries(asked.map(({ name, field, required, length_min }) =>
    [name, { ...field, system: false, required, length_min: length_min ?? field.length_min }]));
}

/** The ways to end the step. Where there is but one, the button below says it. */
function Outcomes({ outcomes, chosen, onChoose }: { outcomes: TaskOutcome[]; chosen: string; onChoose: (key: string) => void }) {
  return (
    <>
      {outcomes.length > 1 && (
        <Radio.Group
          className="handling-outcomes" aria-label="办理结论" value={chosen} onChange={(event) => onChoose(event.target.value as string)}
          options={outcomes.map((one, index) => ({
            value: one.key, disabled: one.allowed === false, title: one.why_not ?? `${one.title}（${index + 1}）`,
            label: <span className={one.negative ? 'negative' : undefined}>{one.title}</span>,
          }))}
        />
      )}
      {outcomes.filter((one) => one.allowed === false).map((one) => (
        <p key={one.key} className="handling-why">不能“{one.title}”：{one.why_not}</p>
      ))}
    </>
  );
}
