import { PaperClipOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';

import { fileUrl } from '../api/client';
import { fileQuery } from '../api/queries';

/** A stored file by its name; opens in a new tab. */
export function FileLink({ id, name }: { id: string; name?: string }) {
  const { data, isError } = useQuery({ ...fileQuery(id), enabled: !name });
  if (isError) return <span className="quiet">文件无法读取</span>;
  return (
    <a href={fileUrl(id)} target="_blank" rel="noopener noreferrer" onClick={(event) => event.stopPropagation()}>
      <PaperClipOutlined aria-hidden /> {name ?? data?.name ?? '文件'}
    </a>
  );
}
