import { EyeOutlined } from '@ant-design/icons';
import { Alert, Button, Popover } from 'antd';
import { useState } from 'react';

import { revealField } from '../api/commands';
import { messageOf } from '../api/problem';

interface Props {
  entity: string;
  id: string;
  name: string;
  title: string;
  /** The masked text that stands until the value is shown. */
  masked: string;
}

/** Reasons that go into the audit log. */
const REASONS = ['核对申请材料', '联系申请人', '核对外部核查结果', '答复申请人查询'];

/** A masked value, shown in clear for a reason; every look is written down. */
export function Reveal({ entity, id, name, title, masked }: Props) {
  const [clear, setClear] = useState<string | null>(null);
  const [open, setOpen] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const show = async (reason: string) => {
    setProblem(null);
    try {
      setClear((await revealField(entity, id, name, reason)).value);
      setOpen(false);
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  if (clear !== null) return <span className="numeric">{clear}</span>;
  return (
    <span className="numeric reveal">
      {masked}
      <Popover
        open={open} onOpenChange={setOpen} trigger="click" placement="bottom" destroyOnHidden title={`查看完整${title}`}
        content={
          <div className="reveal-reasons">
            <p className="quiet small">选择查看原因，将记入审计日志。</p>
            {REASONS.map((reason) => <Button key={reason} size="small" onClick={() => void show(reason)}>{reason}</Button>)}
            {problem && <Alert type="error" showIcon title={problem} />}
          </div>
        }
      >
        <Button type="text" size="small" icon={<EyeOutlined aria-hidden />} aria-label={`查看完整${title}`} title={`查看完整${title}`} />
      </Popover>
    </span>
  );
}
