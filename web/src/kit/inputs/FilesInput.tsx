import { DeleteOutlined, UploadOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useRef, useState } from 'react';

import { uploadFile } from '../../api/client';
import { messageOf } from '../../api/problem';
import { FileLink } from '../FileLink';
import type { InputProps } from './FieldInput';
import { acceptOf, refusalOf } from './files';

const FILES_MAX = 20;

/** Several files of one field: chosen or dropped together, sent one after the other. */
export default function FilesInput({ id, field, value, onChange, invalid, disabled, label, compact }: InputProps) {
  const picker = useRef<HTMLInputElement>(null);
  const [progress, setProgress] = useState<string | null>(null);
  const [problems, setProblems] = useState<string[]>([]);
  const ids = Array.isArray(value) ? value.map(String) : [];
  const room = (field.count_max ?? FILES_MAX) - ids.length;
  const accept = acceptOf(field);

  const take = async (files: File[]) => {
    const refusals = files.map((file) => refusalOf(file, accept, field.size_mb_max));
    const found = refusals.filter((text): text is string => text !== null);
    if (files.length - found.length > room) found.push(`最多还能添加 ${room} 个文件，其余未上传`);
    const fit = files.filter((_, index) => refusals[index] === null).slice(0, room);
    const stored: string[] = [];
    for (const [index, file] of fit.entries()) {
      setProgress(`上传中 ${index + 1}/${fit.length}`);
      try {
        stored.push((await uploadFile(file)).id);
      } catch (error) {
        found.push(`「${file.name}」${messageOf(error)}`);
      }
    }
    setProgress(null);
    setProblems(found);
    if (stored.length) onChange([...ids, ...stored]);
  };
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
        if (!disabled) void take([...event.dataTransfer.files]);
      }}
    >
      <input
        ref={picker} type="file" multiple hidden tabIndex={-1} accept={accept.join(',')} aria-label={label}
        onChange={(event) => {
          void take([...(event.target.files ?? [])]);
          event.target.value = '';
        }}
      />
      {ids.map((one) => (
        <span key={one}>
          <FileLink id={one} />
          {!disabled && <Button type="text" size="small" icon={<DeleteOutlined aria-hidden />} aria-label="移除文件" onClick={() => remove(one)} />}
        </span>
      ))}
      {!disabled && (
        <Button
          id={id} icon={<UploadOutlined aria-hidden />} loading={progress !== null} danger={invalid} disabled={room <= 0} size={compact ? 'small' : 'middle'}
          onClick={() => picker.current?.click()}
        >
          {progress ?? (compact ? '上传' : '上传文件（可拖入多个）')}
        </Button>
      )}
      {problems.map((text) => <span key={text} className="field-error" role="alert">{text}</span>)}
    </div>
  );
}
