import { useEffect, useRef, useState, type PointerEvent } from 'react';

import { outline, scaleOf, type Size, type Turns, type Zoom } from './layout';

interface Props {
  src: string;
  title: string;
  turns: Turns;
  zoom: Zoom;
  /** Tells the scale in force, from which the next zoom goes on. */
  onScale: (scale: number) => void;
}

const NOTHING: Size = { width: 0, height: 0 };

/** A picture, turned and scaled; larger than its window it is moved by dragging. */
export function ImageView({ src, title, turns, zoom, onScale }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState<Size>(NOTHING);
  const [picture, setPicture] = useState<Size>(NOTHING);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setRoom({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const scale = scaleOf(picture, room, turns, zoom);
  useEffect(() => onScale(scale), [onScale, scale]);

  const drag = (event: PointerEvent<HTMLDivElement>) => {
    const element = event.currentTarget;
    if (event.buttons !== 1) return;
    element.scrollLeft -= event.movementX;
    element.scrollTop -= event.movementY;
  };

  if (failed) return <p className="state quiet">图片无法显示，请在新窗口打开或重新上传。</p>;
  const { width, height } = outline(picture, turns);
  return (
    <div ref={host} className="viewer-room" onPointerMove={drag}>
      <div className="viewer-sheet" style={{ width: width * scale, height: height * scale }}>
        <img
          src={src} alt={title} draggable={false} style={{ width: picture.width * scale, transform: `translate(-50%, -50%) rotate(${turns * 90}deg)` }}
          onLoad={(event) => setPicture({ width: event.currentTarget.naturalWidth, height: event.currentTarget.naturalHeight })}
          onError={() => setFailed(true)}
        />
      </div>
    </div>
  );
}
