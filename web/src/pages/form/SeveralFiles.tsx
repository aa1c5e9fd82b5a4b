import { UploadOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useRef, useState } from 'react';

import { uploadFile } from '../../api/client';
import { messageOf } from '../../api/problem';
import type { FileMeta } from '../../api/types';
import { refusalOf } from '../../kit/inputs/files';

interface Props {
  accept: string[];
  /** How many rows may still be added. */
  room: number;
  onFiles: (files: FileMeta[]) => void;
}

/** Several scans at once, one row each. */
export function SeveralFiles({ accept, room, onFiles }: Props) {
  const picker = useRef<HTMLInputElement>(null);
  const [progress, setProgress] = useState<string | null>(null);
  const [problems, setProblems] = useState<string[]>([]);

  const take = async (files: File[]) => {
    const refused = files.map((file) => refusalOf(file, accept)).filter((text): text is string => text !== null);
    if (files.length > room) refused.push(`最多还能添加 ${room} 份，其余未上传`);
    const fit = files.filter((file) => refusalOf(file, accept) === null).slice(0, room);
    const stored: FileMeta[] = [];
    for (const [index, file] of fit.entries()) {
      setProgress(`上传中 ${index + 1}/${fit.length}`);
      try {
        stored.push({ ...(await uploadFile(file)), name: file.name });
      } catch (error) {
        refused.push(`「${file.name}」${messageOf(error)}`);
      }
    }
    setProgress(null);
    setProblems(refused);
    if (stored.length) onFiles(stored);
  };

  return (
    <>
      <input
        ref={picker} type="file" multiple hidden tabIndex={-1} accept={accept.join(',')} aria-label="批量上传"
        onChange={(event) => {
          void take([...(event.target.files ?? [])]);
          event.target.value = '';
        }}
      />
      <Button size="small" icon={<UploadOutlined aria-hidden />} loading={progress !== null} disabled={room <= 0} onClick={() => picker.current?.click()}>
        {progress ?? '批量上传'}
      </Button>
      {problems.map((text) => <span key={text} className="field-error" role="alert">{text}</span>)}
    </>
  );
}
