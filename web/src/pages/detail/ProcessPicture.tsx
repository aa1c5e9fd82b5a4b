import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn-embedded.css';

import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import { useEffect, useRef, useState } from 'react';

import type { Instance } from '../../api/types';

interface Canvas {
  zoom: (mode: string) => void;
  addMarker: (id: string, marker: string) => void;
}

/** The diagram with the path taken. */
export default function ProcessPicture({ instance }: { instance: Instance }) {
  const host = useRef<HTMLDivElement>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (!host.current || !instance.bpmn) return;
    const viewer = new NavigatedViewer({ container: host.current });
    const mark = (canvas: Canvas, ids: string[], marker: string) => ids.forEach((id) => canvas.addMarker(id, marker));
    viewer
      .importXML(instance.bpmn)
      .then(() => {
        const canvas = viewer.get<Canvas>('canvas');
        canvas.zoom('fit-viewport');
        mark(canvas, instance.visited, 'visited');
        mark(canvas, instance.taken, 'taken');
        mark(canvas, instance.active, 'active');
      })
      .catch(() => setFailed(true));
    return () => viewer.destroy();
  }, [instance]);
  if (failed) return <p className="quiet">流程图无法显示。</p>;
  return <div ref={host} className="detail-picture" aria-label="流程图" role="img" />;
}
