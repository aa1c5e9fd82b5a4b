import { useQueryClient } from '@tanstack/react-query';
import { Alert, App, Input, Modal } from 'antd';
import { useState } from 'react';

import { withdrawInstance } from '../../api/commands';
import { messageOf } from '../../api/problem';
import { afterChange } from '../../api/queries';
import type { Instance } from '../../api/types';
import { FieldBox } from '../../kit/FieldBox';

const REASON_MAX = 300;

/** Calls a running case back, for a reason. */
export function WithdrawDialog({ instance, onClose }: { instance: Instance; onClose: () => void }) {
  const queries = useQueryClient();
  const { message } = App.useApp();
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const withdraw = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await withdrawInstance(instance.id, reason.trim());
      await afterChange(queries);
      void message.success('案件已撤回');
      onClose();
    } catch (error) {
      setProblem(messageOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      open title={`撤回：${instance.title}`} okText="撤回" cancelText="取消" confirmLoading={busy} okButtonProps={{ danger: true, disabled: !reason.trim() }}
      onOk={() => void withdraw()} onCancel={onClose} width={480}
    >
      <div className="form-grid one">
        <p>撤回后案件办结，未办任务取消，不能恢复；申请人可以重新申请。</p>
        <FieldBox id="withdraw-reason" title="撤回原因" required>
          <Input.TextArea id="withdraw-reason" autoFocus value={reason} maxLength={REASON_MAX} autoSize={{ minRows: 3, maxRows: 6 }} onChange={(event) => setReason(event.target.value)} />
        </FieldBox>
        {problem && <Alert type="error" showIcon title={problem} />}
      </div>
    </Modal>
  );
}
