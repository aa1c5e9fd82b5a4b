import { DeleteOutlined, UploadOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useRef, useState } from 'react';

import { uploadFile } from '../../api/client';
import { messageOf } from '../../api/problem';
import { FileLink } from '../FileLink';
import { acceptOf, refusalOf } from './files';
import type { InputProps } from './FieldInput';

/** One file: chosen or dropped, sent at once, then named here. */
export default function FileInput({ id, field, value, onChange, invalid, disabled, label, compact }: InputProps) {
  const picker = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  const take = async (file: File | undefined) => {
    if (!file) return;
    const refusal = refusalOf(file, acceptOf(field), field.size_mb_max);
    setProblem(refusal);
    if (refusal) return;
    setBusy(true);
    try {
      onChange((await uploadFile(file)).id);
    } catch (error) {
      setProblem(messageOf(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <div
      className="file-input"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        if (!disabled) void take(event.dataTransfer.files[0]);
      }}
    >
      <input
        ref={picker} type="file" hidden tabIndex={-1} accept={acceptOf(field).join(',')} aria-label={label}
        onChange={(event) => {
          void take(event.target.files?.[0]);
          event.target.value = '';
        }}
      />
      {typeof value === 'string' && <FileLink id={value} />}
      {!disabled && (
        <Button id={id} icon={<UploadOutlined aria-hidden />} loading={busy} danger={invalid} size={compact ? 'small' : 'middle'} onClick={() => picker.current?.click()}>
          {value ? '更换' : compact ? '上传' : '上传文件（可拖入）'}
        </Button>
      )}
      {typeof value === 'string' && !disabled && !field.required && (
        <Button type="text" size="small" icon={<DeleteOutlined aria-hidden />} aria-label="移除文件" onClick={() => onChange(null)} />
      )}
      {problem && <span className="field-error" role="alert">{problem}</span>}
    </div>
  );
}
