import { Input, Modal, Select } from 'antd';
import { useState } from 'react';

import type { Task } from '../../api/types';
import { FieldBox } from '../../kit/FieldBox';

const REASON_MAX = 300;

/** Sends a case back to an earlier step, for a reason that its caseworker will read. */
export function ReturnDialog({ task, onClose, onReturn }: { task: Task; onClose: () => void; onReturn: (step: string, reason: string) => void }) {
  const steps = task.return_to ?? [];
  const [step, setStep] = useState(steps[0]?.step ?? '');
  const [reason, setReason] = useState('');
  return (
    <Modal
      open title="退回" okText="退回" cancelText="取消" width={480} okButtonProps={{ disabled: !reason.trim() }}
      onCancel={onClose} onOk={() => { onReturn(step, reason.trim()); onClose(); }}
    >
      <div className="form-grid one">
        <FieldBox id="return-step" title="退回到">
          <Select id="return-step" value={step} onChange={setStep} options={steps.map((one) => ({ value: one.step, label: one.title }))} />
        </FieldBox>
        <FieldBox id="return-reason" title="退回原因" required>
          <Input.TextArea id="return-reason" autoFocus value={reason} maxLength={REASON_MAX} autoSize={{ minRows: 3, maxRows: 6 }} onChange={(event) => setReason(event.target.value)} />
        </FieldBox>
      </div>
    </Modal>
  );
}
