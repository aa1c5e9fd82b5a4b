import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn-embedded.css';

import { ExpandOutlined, ZoomInOutlined, ZoomOutOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import { useEffect, useRef, useState } from 'react';

import type { Instance } from '../../api/types';

interface Canvas {
  zoom: (level?: number | 'fit-viewport', centre?: 'auto' | { x: number; y: number }) => number;
  addMarker: (id: string, marker: string) => void;
  scrollToElement: (id: string) => void;
}

/** Smaller than this nobody can read it: then the place of the case is shown rather than the whole. */
const READABLE_MIN = 0.7;
const STEP = 1.25;

/** The diagram with the path taken. */
export default function ProcessPicture({ instance }: { instance: Instance }) {
  const host = useRef<HTMLDivElement>(null);
  const canvas = useRef<Canvas | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (!host.current || !instance.bpmn) return;
    const viewer = new NavigatedViewer({ container: host.current });
    const mark = (on: Canvas, ids: string[], marker: string) => ids.forEach((id) => on.addMarker(id, marker));
    viewer
      .importXML(instance.bpmn)
      .then(() => {
        const on = viewer.get<Canvas>('canvas');
        canvas.current = on;
        mark(on, instance.visited, 'visited');
        mark(on, instance.taken, 'taken');
        mark(on, instance.active, 'active');
        show(on, instance.active[0]);
      })
      .catch(() => setFailed(true));
    return () => {
      canvas.current = null;
      viewer.destroy();
    };
  }, [instance]);
  const zoom = (by: number) => canvas.current?.zoom(canvas.current.zoom() * by, 'auto');
  if (failed) return <p className="quiet">流程图无法显示。</p>;
  return (
    <div className="detail-picture">
      <div ref={host} aria-label="流程图" role="img" />
      <div className="detail-picture-tools" role="toolbar" aria-label="流程图">
        <Button size="small" icon={<ZoomInOutlined aria-hidden />} aria-label="放大" title="放大" onClick={() => zoom(STEP)} />
        <Button size="small" icon={<ZoomOutOutlined aria-hidden />} aria-label="缩小" title="缩小" onClick={() => zoom(1 / STEP)} />
        <Button size="small" icon={<ExpandOutlined aria-hidden />} aria-label="显示全图" title="显示全图" onClick={() => canvas.current?.zoom('fit-viewport')} />
      </div>
    </div>
  );
}

/** The whole when it can be read; else where the case stands, or the beginning. */
function show(canvas: Canvas, active: string | undefined) {
  if (canvas.zoom('fit-viewport') >= READABLE_MIN || !active) return;
  canvas.zoom(READABLE_MIN, 'auto');
  canvas.scrollToElement(active);
}
