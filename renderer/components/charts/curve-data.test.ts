import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alignedCurves, heightOf, nearestPoint, spanOf, zoomed, type Curve } from './curve-data.ts';
import { logSplits } from './curve-options.ts';

const curve = (x: number[], y: number[]): Curve => ({ key: 'a', label: 'a', colour: 'series-1', dash: 'full', faint: false, marked: false, x, y });

describe('curves over one axis', () => {
  it('stand in columns of equal length', () => {
    expect(alignedCurves([curve([1, 2, 4], [5, 6, 7]), curve([2, 3], [8, 9])], false)).toEqual({ x: [1, 2, 3, 4], y: [[5, 6, null, 7], [null, 8, 9, null]] });
  });

  it('leave out what cannot be drawn', () => {
    expect(alignedCurves([curve([1, 2, 3], [0, Number.NaN, 1])], true).y).toEqual([[null, null, 1]]);
    expect(alignedCurves([curve([1, 2, 3], [0, Number.NaN, 1])], false).y).toEqual([[0, null, 1]]);
  });

  it('span their first to their last point', () => {
    expect(spanOf([curve([], []), curve([3, 9], [1, 1]), curve([1], [1])])).toEqual([1, 9]);
    expect(spanOf([curve([3], [1])])).toEqual([2, 4]);
    expect(spanOf([curve([], [])])).toBeNull();
  });

  it('are as high as what is seen of them', () => {
    const [low, high] = heightOf([curve([1, 2, 3], [1000, 2, 3])], [2, 3], false);
    expect(low).toBeLessThan(2);
    expect(high).toBeGreaterThan(3);
    expect(high).toBeLessThan(4);
  });
});

it('the nearest point is the nearest', () => {
  fc.assert(fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 1000 }), { minLength: 1 }), fc.integer({ min: -10, max: 1010 }), (values, x) => {
    const xs = values.toSorted((a, b) => a - b);
    expect(Math.abs(xs[nearestPoint(xs, x)]! - x)).toBe(Math.min(...xs.map((one) => Math.abs(one - x))));
  }));
  expect(nearestPoint([], 3)).toBe(-1);
});

describe('zooming', () => {
  it('keeps within the whole and about its middle', () => {
    expect(zoomed([0, 100], 50, 0.5, [0, 100])).toEqual([25, 75]);
    expect(zoomed([0, 100], 100, 0.5, [0, 100])).toEqual([50, 100]);
    expect(zoomed([25, 75], 50, 0.0001, [0, 100])).toEqual([48, 52]);
  });

  it('ends with all of it', () => {
    expect(zoomed([25, 75], 50, 2, [0, 100])).toBeNull();
    expect(zoomed([25, 75], 30, 1.2, [0, 100])).toEqual([0, 60]);
  });
});

it('a log axis is marked at round values', () => {
  expect(logSplits(0.03, 0.6, 8)).toEqual([0.05, 0.1, 0.2, 0.5].map((value) => expect.closeTo(value)));
  expect(logSplits(0.0005, 20, 8)).toEqual([0.001, 0.01, 0.1, 1, 10].map((value) => expect.closeTo(value)));
  expect(logSplits(0.0005, 20, 3)).toEqual([0.001, 0.1, 10].map((value) => expect.closeTo(value)));
  expect(logSplits(0.2, 0.9, 1)).toHaveLength(2);
});
