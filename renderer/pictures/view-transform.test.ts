import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitScale, fitted, panBy, place, zoomAt, zoomLimits, type View } from './view-transform.ts';

const viewport = { width: 440, height: 418 };
const picture = { width: 128, height: 128 };
const scale = fitScale(viewport, picture, { smooth: false, pixelRatio: 1 });

/** The picture's point (fractions) that is drawn at a point of the viewport. */
function under(view: View, pointer: { x: number; y: number }): { x: number; y: number } {
  const width = picture.width * scale * view.zoom;
  return { x: view.x + (pointer.x - viewport.width / 2) / width, y: view.y + (pointer.y - viewport.height / 2) / width };
}

describe('the view', () => {
  it('fits crisp pictures at whole device pixels, smooth ones exactly, large ones entirely', () => {
    expect(scale).toBe(3);
    expect(fitScale(viewport, picture, { smooth: false, pixelRatio: 2 })).toBe(3);
    expect(fitScale({ width: 460, height: 460 }, picture, { smooth: false, pixelRatio: 2 })).toBe(3.5);
    expect(fitScale(viewport, picture, { smooth: true, pixelRatio: 1 })).toBeCloseTo(418 / 128);
    expect(fitScale(viewport, { width: 1024, height: 1024 }, { smooth: false, pixelRatio: 1 })).toBeCloseTo(418 / 1024);
    expect(fitScale({ width: 0, height: 0 }, picture, { smooth: false, pixelRatio: 1 })).toBe(1);
  });

  it('centres a fitted picture', () => {
    expect(place(fitted, viewport, picture, scale)).toEqual({ left: 28, top: 17, width: 384, height: 384 });
  });

  it('keeps the point under the pointer where it is while zooming', () => {
    const pointers = fc.record({ x: fc.double({ min: 60, max: 380, noNaN: true }), y: fc.double({ min: 60, max: 360, noNaN: true }) });
    fc.assert(fc.property(pointers, fc.double({ min: 1.01, max: 6, noNaN: true }), (pointer, factor) => {
      const before = under(fitted, pointer);
      const after = under(zoomAt(fitted, factor, pointer, viewport, picture, scale), pointer);
      expect(after.x).toBeCloseTo(before.x, 9);
      expect(after.y).toBeCloseTo(before.y, 9);
    }));
  });

  it('moves the picture with the pointer, and never out of sight', () => {
    const zoomed = { zoom: 2, x: 0.5, y: 0.5 };
    const moved = panBy(zoomed, { x: 96, y: -48 }, picture, scale);
    expect(moved).toEqual({ zoom: 2, x: 0.375, y: 0.5625 });
    expect(panBy(zoomed, { x: 1e6, y: -1e6 }, picture, scale)).toEqual({ zoom: 2, x: 0, y: 1 });
  });

  it('zooms within its limits', () => {
    const middle = { x: 220, y: 209 };
    expect(zoomAt(fitted, 1e9, middle, viewport, picture, scale).zoom).toBe(zoomLimits.max);
    expect(zoomAt(fitted, 1e-9, middle, viewport, picture, scale).zoom).toBe(zoomLimits.min);
  });
});
