import { DeleteOutlined, UploadOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useRef } from 'react';

import { idsIn } from '../fields';
import { FileLink } from '../FileLink';
import type { InputProps } from './FieldInput';
import { acceptOf } from './files';
import { useUploads } from './useUploads';

const FILES_MAX = 20;

/** Several files of one field: chosen or dropped together, sent one after the other. */
export default function FilesInput({ id, field, value, onChange, invalid, disabled, label, compact }: InputProps) {
  const picker = useRef<HTMLInputElement>(null);
  const ids = idsIn(value);
  const room = (field.count_max ?? FILES_MAX) - ids.length;
  const { progress, problems, take } = useUploads(field, room, (files) => onChange([...ids, ...files.map((file) => file.id)]));
  const busy = progress !== null;
  const remove = (gone: string) => {
    const left = ids.filter((one) => one !== gone);
    onChange(left.length ? left : null);
  };

  return (
    <div
      className="file-input"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        if (!disabled) take([...event.dataTransfer.files]);
      }}
    >
      <input
        ref={picker} type="file" multiple hidden tabIndex={-1} accept={acceptOf(field).join(',')} aria-label={label}
        onChange={(event) => {
          take([...(event.target.files ?? [])]);
          event.target.value = '';
        }}
      />
      {ids.map((one, index) => (
        <span key={one}>
          <FileLink id={one} />
          {!disabled && (
            <Button
              type="text" size="small" icon={<DeleteOutlined aria-hidden />} aria-label={`移除第 ${index + 1} 个文件`} disabled={busy}
              onClick={() => remove(one)}
            />
          )}
        </span>
      ))}
      {!disabled && (
        <Button
          id={id} icon={<UploadOutlined aria-hidden />} loading={busy} danger={invalid} disabled={room <= 0} size={compact ? 'small' : 'middle'}
          onClick={() => picker.current?.click()}
        >
          {progress ?? (compact ? '上传' : '上传文件（可拖入多个）')}
        </Button>
      )}
      {problems.map((text) => <span key={text} className="field-error" role="alert">{text}</span>)}
    </div>
  );
}
