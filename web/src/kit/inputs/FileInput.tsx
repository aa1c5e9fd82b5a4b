import { DeleteOutlined, UploadOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useRef } from 'react';

import { FileLink } from '../FileLink';
import type { InputProps } from './FieldInput';
import { acceptOf } from './files';
import { useUploads } from './useUploads';

/** One file: chosen or dropped, sent at once, then named here. */
export default function FileInput({ id, field, value, onChange, invalid, disabled, label, compact }: InputProps) {
  const picker = useRef<HTMLInputElement>(null);
  const { progress, problems, take } = useUploads(field, 1, ([file]) => file && onChange(file.id));
  const busy = progress !== null;

  return (
    <div
      className="file-input"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        if (!disabled) take([...event.dataTransfer.files].slice(0, 1));
      }}
    >
      <input
        ref={picker} type="file" hidden tabIndex={-1} accept={acceptOf(field).join(',')} aria-label={label}
        onChange={(event) => {
          take([...(event.target.files ?? [])]);
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
        <Button type="text" size="small" icon={<DeleteOutlined aria-hidden />} aria-label="移除文件" disabled={busy} onClick={() => onChange(null)} />
      )}
      {problems.map((text) => <span key={text} className="field-error" role="alert">{text}</span>)}
    </div>
  );
}
