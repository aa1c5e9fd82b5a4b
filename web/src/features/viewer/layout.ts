/** How a picture lies in its window. */

export interface Size {
  width: number;
  height: number;
}

/** Quarter turns to the right, 0 to 3. */
export type Turns = 0 | 1 | 2 | 3;

/** `fit`: as large as the window allows, at most its own size. */
export type Zoom = 'fit' | number;

export const ZOOM_MIN = 0.1;
export const ZOOM_MAX = 8;
const ZOOM_STEP = 1.25;

export const turned = (turns: Turns, by: 1 | -1): Turns => ((turns + by + 4) % 4) as Turns;

/** The size a picture takes when it is turned. */
export function outline(picture: Size, turns: Turns): Size {
  return turns % 2 === 0 ? picture : { width: picture.height, height: picture.width };
}

export function scaleOf(picture: Size, room: Size, turns: Turns, zoom: Zoom): number {
  if (zoom !== 'fit') return zoom;
  const { width, height } = outline(picture, turns);
  if (!width || !height || !room.width || !room.height) return 1;
  return Math.min(1, room.width / width, room.height / height);
}

/** The next zoom from a scale, kept within bounds. */
export function zoomed(scale: number, by: 1 | -1): number {
  const next = by > 0 ? scale * ZOOM_STEP : scale / ZOOM_STEP;
  return Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, next));
}
