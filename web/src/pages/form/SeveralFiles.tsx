import { UploadOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useRef } from 'react';

import type { Field, FileMeta } from '../../api/types';
import { acceptOf } from '../../kit/inputs/files';
import { useUploads } from '../../kit/inputs/useUploads';

interface Props {
  field: Field;
  /** How many rows may still be added. */
  room: number;
  onFiles: (files: FileMeta[]) => void;
}

/** Several scans at once, one row each. */
export function SeveralFiles({ field, room, onFiles }: Props) {
  const picker = useRef<HTMLInputElement>(null);
  const { progress, problems, take } = useUploads(field, room, onFiles);

  return (
    <>
      <input
        ref={picker} type="file" multiple hidden tabIndex={-1} accept={acceptOf(field).join(',')} aria-label="批量上传"
        onChange={(event) => {
          take([...(event.target.files ?? [])]);
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
