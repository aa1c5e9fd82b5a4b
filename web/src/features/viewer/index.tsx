import './viewer.css';

import {
  DownloadOutlined, ExpandOutlined, ExportOutlined, LeftOutlined, RightOutlined, RotateLeftOutlined, RotateRightOutlined,
  ZoomInOutlined, ZoomOutOutlined,
} from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Button } from 'antd';
import { useState, type ReactNode } from 'react';

import { fileUrl } from '../../api/client';
import { fileQuery } from '../../api/queries';
import { messageOf } from '../../api/problem';
import { formatSize } from '../../kit/format';
import { useShortcuts } from '../../kit/shortcuts';
import { Loading } from '../../kit/states';
import { ImageView } from './ImageView';
import { turned, zoomed, type Turns, type Zoom } from './layout';

export interface ViewedFile {
  id: string;
  /** What it is, e.g. 身份证明. */
  kind: string;
  /** Its own name, when it has one. */
  name?: string;
}

interface Posture {
  turns: Turns;
  zoom: Zoom;
}

const UPRIGHT: Posture = { turns: 0, zoom: 'fit' };
const GROUP = '材料';

/** Files one at a time, with their list: pictures turn and zoom, PDFs show in the browser's own viewer. */
export function DocumentViewer({ files }: { files: ViewedFile[] }) {
  const [chosen, setChosen] = useState(files[0]?.id);
  const [postures, setPostures] = useState<Record<string, Posture>>({});
  const [scale, setScale] = useState(1);
  const at = Math.max(0, files.findIndex((file) => file.id === chosen));
  const file = files[at];
  const { data: meta, error } = useQuery({ ...fileQuery(file?.id ?? ''), enabled: Boolean(file) });
  const isImage = meta?.media_type.startsWith('image/') ?? false;
  const posture = postures[file?.id ?? ''] ?? UPRIGHT;
  const set = (changes: Partial<Posture>) => file && setPostures((all) => ({ ...all, [file.id]: { ...posture, ...changes } }));
  const go = (by: 1 | -1) => setChosen(files[at + by]?.id ?? file?.id);
  const turn = (by: 1 | -1) => set({ turns: turned(posture.turns, by) });
  const zoom = (by: 1 | -1) => set({ zoom: zoomed(scale, by) });
  const fit = () => set({ zoom: 'fit' });

  useShortcuts([
    { key: 'ArrowRight', title: '下一份材料', group: GROUP, run: () => go(1) },
    { key: 'ArrowLeft', title: '上一份材料', group: GROUP, run: () => go(-1) },
    ...(isImage ? [
      { key: 'r', title: '向右旋转', group: GROUP, run: () => turn(1) },
      { key: 'l', title: '向左旋转', group: GROUP, run: () => turn(-1) },
      { key: '+', title: '放大', group: GROUP, run: () => zoom(1) },
      { key: '=', title: '放大', group: GROUP, run: () => zoom(1) },
      { key: '-', title: '缩小', group: GROUP, run: () => zoom(-1) },
      { key: '0', title: '适合窗口', group: GROUP, run: fit },
    ] : []),
  ]);

  if (!file) return null;
  return (
    <div className="viewer">
      <ol className="viewer-list" aria-label="材料清单">
        {files.map((one) => (
          <li key={one.id}>
            <button type="button" aria-current={one.id === file.id} onClick={() => setChosen(one.id)}>
              {one.kind}{one.name && <small>{one.name}</small>}
            </button>
          </li>
        ))}
      </ol>
      <div className="viewer-main">
        <div className="viewer-tools" role="toolbar" aria-label="查看材料">
          <Tool title="上一份（←）" icon={<LeftOutlined aria-hidden />} disabled={at === 0} onClick={() => go(-1)} />
          <span className="numeric small">{at + 1} / {files.length}</span>
          <Tool title="下一份（→）" icon={<RightOutlined aria-hidden />} disabled={at === files.length - 1} onClick={() => go(1)} />
          {isImage && (
            <>
              <span className="viewer-gap" />
              <Tool title="缩小（-）" icon={<ZoomOutOutlined aria-hidden />} onClick={() => zoom(-1)} />
              <span className="numeric small viewer-scale">{Math.round(scale * 100)}%</span>
              <Tool title="放大（+）" icon={<ZoomInOutlined aria-hidden />} onClick={() => zoom(1)} />
              <Tool title="适合窗口（0）" icon={<ExpandOutlined aria-hidden />} onClick={fit} />
              <Tool title="向左旋转（L）" icon={<RotateLeftOutlined aria-hidden />} onClick={() => turn(-1)} />
              <Tool title="向右旋转（R）" icon={<RotateRightOutlined aria-hidden />} onClick={() => turn(1)} />
            </>
          )}
          <span className="viewer-name" title={meta?.name}>{meta && [meta.name, meta.size ? formatSize(meta.size) : null].filter(Boolean).join(' · ')}</span>
          <Tool title="在新窗口打开" icon={<ExportOutlined aria-hidden />} href={fileUrl(file.id)} target="_blank" />
          <Tool title="下载" icon={<DownloadOutlined aria-hidden />} href={fileUrl(file.id)} download={meta?.name ?? ''} />
        </div>
        {error ? <p className="state quiet">{messageOf(error)}</p> : !meta ? <Loading /> : isImage ? (
          <ImageView key={file.id} src={fileUrl(file.id)} title={file.kind} turns={posture.turns} zoom={posture.zoom} onScale={setScale} />
        ) : <iframe key={file.id} className="viewer-room" title={file.kind} src={`${fileUrl(file.id)}#navpanes=0&view=FitH`} />}
      </div>
    </div>
  );
}

function Tool({ title, ...rest }: { title: string; icon: ReactNode; disabled?: boolean; onClick?: () => void; href?: string; target?: string; download?: string }) {
  return <Button type="text" size="small" title={title} aria-label={title.replace(/（.*）/, '')} {...rest} />;
}
