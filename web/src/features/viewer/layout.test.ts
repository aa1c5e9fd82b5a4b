import { describe, expect, it } from 'vitest';

import { outline, scaleOf, turned, ZOOM_MAX, ZOOM_MIN, zoomed } from './layout';

const picture = { width: 2000, height: 1000 };
const room = { width: 500, height: 500 };

describe('a picture in its window', () => {
  it('fits whole, turned or not, and is never blown up for it', () => {
    expect(scaleOf(picture, room, 0, 'fit')).toBe(0.25);
    expect(scaleOf(picture, { width: 1000, height: 400 }, 1, 'fit')).toBe(0.2);
    expect(scaleOf({ width: 100, height: 50 }, room, 0, 'fit')).toBe(1);
  });

  it('has a scale before anything is known of it', () => {
    expect(scaleOf({ width: 0, height: 0 }, room, 0, 'fit')).toBe(1);
    expect(scaleOf(picture, { width: 0, height: 0 }, 0, 'fit')).toBe(1);
  });

  it('turns in quarters, both ways round', () => {
    expect(turned(3, 1)).toBe(0);
    expect(turned(0, -1)).toBe(3);
    expect(outline(picture, 1)).toEqual({ width: 1000, height: 2000 });
    expect(outline(picture, 2)).toEqual(picture);
  });

  it('zooms in steps within bounds', () => {
    expect(zoomed(1, 1)).toBe(1.25);
    expect(zoomed(1, -1)).toBe(0.8);
    expect(zoomed(ZOOM_MAX, 1)).toBe(ZOOM_MAX);
    expect(zoomed(ZOOM_MIN, -1)).toBe(ZOOM_MIN);
  });
});
