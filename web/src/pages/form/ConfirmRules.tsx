import { Input, Modal } from 'antd';
import { useState } from 'react';

import type { FieldError } from '../../api/problem';
import type { Entity } from '../../api/types';
import { confirmationsOf, type Reasons, warningKey } from './confirmations';
import { titleOfError } from './changes';

interface Props {
  entity: Entity;
  /** What the server asks to be confirmed. */
  warnings: FieldError[];
  busy: boolean;
  onConfirm: (confirm: ReturnType<typeof confirmationsOf>) => void;
  onCancel: () => void;
}

const REASON_MAX = 200;

/** Rules that may be broken with a reason: each is read, and each gets its own. */
export function ConfirmRules({ entity, warnings, busy, onConfirm, onCancel }: Props) {
  const [reasons, setReasons] = useState<Reasons>({});
  const complete = warnings.every((one) => reasons[warningKey(one)]?.trim());
  return (
    <Modal
      open title="以下内容需要确认" okText="确认并提交" cancelText="返回修改" okButtonProps={{ disabled: !complete, loading: busy }} destroyOnHidden
      onOk={() => onConfirm(confirmationsOf(warnings, reasons))} onCancel={onCancel}
    >
      <ul className="confirm-rules">
        {warnings.map((one) => {
          const [title, key] = [titleOfError(entity, one.field), warningKey(one)];
          return (
            <li key={key}>
              <p>{title && !one.message.includes(title) ? `${title}：${one.message}` : one.message}</p>
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
