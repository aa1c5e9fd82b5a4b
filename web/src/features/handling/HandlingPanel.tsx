import { Alert, Button, Input, Modal, Select } from 'antd';
import { useEffect, useState } from 'react';

import type { Field, Json, Task, Values } from '../../api/types';
import { FieldGrid } from '../../kit/FieldGrid';
import { useHandling } from './useHandling';

const PHRASES = ['情况属实，同意。', '材料齐全，符合条件。', '核查无误，同意提交下一环节。', '不符合条件，不予通过。'];

/** What the caseworker decides: outcome, form, opinion. */
export function HandlingPanel({ task }: { task: Task; version: number }) {
  const handling = useHandling(task);
  const outcomes = task.outcomes ?? [];
  const [outcome, setOutcome] = useState(() => outcomes.find((one) => one.allowed !== false && !one.negative)?.key ?? outcomes[0]?.key ?? '');
  const [opinion, setOpinion] = useState('');
  const [values, setValues] = useState<Values>(() => Object.fromEntries((task.form ?? []).map((one) => [one.name, one.default ?? null])));
  const [returning, setReturning] = useState(false);
  const chosen = outcomes.find((one) => one.key === outcome);
  const asked = (task.form ?? []).filter((one) => !one.outcomes?.length || one.outcomes.includes(outcome));
  const fields: [string, Field][] = asked.map((one) => [one.name, { ...one.field, system: false, required: one.required }]);
  const mustClaim = task.claim && task.state === 'open';
  const submit = () => {
    const data = Object.fromEntries(asked.map((one) => [one.name, values[one.name] ?? null])) as Record<string, Json>;
    void handling.complete(outcome, opinion.trim(), data);
  };

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !mustClaim && chosen?.allowed !== false) submit();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  });

  if (mustClaim) {
    return (
      <>
        <p>本环节须先签收，签收后其他人不再看到此案件。</p>
        {handling.problem && <Alert type="error" showIcon title={handling.problem} />}
        <div className="handling-buttons"><Button type="primary" loading={handling.busy} onClick={() => void handling.claim()}>签收</Button></div>
      </>
    );
  }
  return (
    <>
      {task.help && <p className="quiet">{task.help}</p>}
      <div className="handling-buttons" role="radiogroup" aria-label="办理结论">
        {outcomes.map((one) => (
          <Button
            key={one.key} role="radio" aria-checked={one.key === outcome} type={one.key === outcome ? 'primary' : 'default'}
            danger={one.negative} disabled={one.allowed === false} title={one.why_not ?? undefined} onClick={() => setOutcome(one.key)}
          >
            {one.title}
          </Button>
        ))}
      </div>
      {outcomes.filter((one) => one.allowed === false).map((one) => <p key={one.key} className="quiet">“{one.title}”不可用：{one.why_not}</p>)}
      <FieldGrid one prefix="step" fields={fields} values={values} errors={handling.errors} onChange={(name, value) => setValues((before) => ({ ...before, [name]: value }))} />
      <label htmlFor="opinion" className={chosen?.opinion_required ? 'required' : undefined}>办理意见</label>
      <Input.TextArea id="opinion" value={opinion} maxLength={500} autoSize={{ minRows: 3, maxRows: 8 }} status={handling.errors.opinion ? 'error' : undefined} onChange={(event) => setOpinion(event.target.value)} />
      {handling.errors.opinion && <p className="field-error" role="alert">{handling.errors.opinion}</p>}
      <div className="handling-phrases">
        {PHRASES.map((phrase) => <Button key={phrase} size="small" type="dashed" onClick={() => setOpinion((before) => before + phrase)}>{phrase}</Button>)}
      </div>
      {handling.problem && <Alert type="error" showIcon title={handling.problem} />}
      <div className="handling-buttons">
        <Button type="primary" danger={chosen?.negative} loading={handling.busy} disabled={!chosen || chosen.allowed === false} onClick={submit} title="Ctrl+Enter">提交</Button>
        {Boolean(task.return_to?.length) && <Button onClick={() => setReturning(true)}>退回</Button>}
        {task.state === 'claimed' && <Button onClick={() => void handling.release()}>退回待办箱</Button>}
      </div>
      {returning && <ReturnDialog task={task} onClose={() => setReturning(false)} onReturn={(step, reason) => void handling.sendBack(step, reason)} />}
    </>
  );
}

function ReturnDialog({ task, onClose, onReturn }: { task: Task; onClose: () => void; onReturn: (step: string, reason: string) => void }) {
  const steps = task.return_to ?? [];
  const [step, setStep] = useState(steps[0]?.step ?? '');
  const [reason, setReason] = useState('');
  return (
    <Modal open title="退回" okText="退回" cancelText="取消" okButtonProps={{ disabled: !reason.trim() }} onCancel={onClose} onOk={() => { onReturn(step, reason.trim()); onClose(); }}>
      <p>退回到</p>
      <Select aria-label="退回到" value={step} onChange={setStep} style={{ width: '100%' }} options={steps.map((one) => ({ value: one.step, label: one.title }))} />
      <p>退回原因</p>
      <Input.TextArea aria-label="退回原因" value={reason} maxLength={300} onChange={(event) => setReason(event.target.value)} />
    </Modal>
  );
}
