import './confirm.css';

import { Alert, Input, Modal } from 'antd';
import { useState } from 'react';

import type { FieldError } from '../api/problem';
import type { Confirm, Entity } from '../api/types';
import { confirmationsOf, type Reasons, warningKey } from './confirmations';
import { sentenceOf } from './fields';

interface Props {
  /** For the titles of fields that a message does not name. */
  entity: Entity | undefined;
  /** What the server asks to be confirmed; nothing is shown while there is none. */
  warnings: FieldError[];
  /** Why it could not be sent. */
  problem: string | null;
  /** What confirming does: 提交, 暂存. */
  does: string;
  busy: boolean;
  onConfirm: (confirm: Confirm[]) => void;
  onCancel: () => void;
}

const REASON_MAX = 200;

/** Rules that may be broken with a reason: each is read, and each gets its own. */
export function ConfirmRules(props: Props) {
  return props.warnings.length > 0 && <Asking {...props} />;
}

function Asking({ entity, warnings, problem, does, busy, onConfirm, onCancel }: Props) {
  const [reasons, setReasons] = useState<Reasons>({});
  const complete = warnings.every((one) => reasons[warningKey(one)]?.trim());
  return (
    <Modal
      open title="以下内容需要确认" okText={`确认并${does}`} cancelText="返回修改" okButtonProps={{ disabled: !complete, loading: busy }}
      onOk={() => onConfirm(confirmationsOf(warnings, reasons))} onCancel={busy ? undefined : onCancel}
    >
      {problem && <Alert type="error" showIcon title={problem} />}
      <ul className="confirm-rules">
        {warnings.map((one) => {
          const key = warningKey(one);
          return (
            <li key={key}>
              <p>{sentenceOf(entity, one.field, one.message)}</p>
              <Input.TextArea
                aria-label={`${one.message}的原因`} placeholder="请填写原因" autoSize={{ minRows: 1, maxRows: 4 }} maxLength={REASON_MAX} value={reasons[key] ?? ''}
                onChange={(event) => setReasons((all) => ({ ...all, [key]: event.target.value }))}
              />
            </li>
          );
        })}
      </ul>
      <p className="quiet small">原因随记录保存，可在变更记录中查看。</p>
    </Modal>
  );
}
