import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng } from '../storybook/rng.ts';
import { correlation, mean, meanInterval, medianInterval, pairedDifference, quantile, shareOf, wilson, type Pair } from './statistics.ts';

const numbers = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 30 });
const ordered = ({ low, value, high }: { low: number; value: number; high: number }): boolean => low <= value && value <= high;

describe("Wilson's interval", () => {
  it('is the one computed by hand', () => {
    // 8 of 10: centre (0.8 + 3.8415/20)/(1.38415) = 0.71674, half width 1.95996/1.38415·√(0.016 + 0.0096036) = 0.22657.
    const { value, low, high } = wilson(8, 10);
    expect(value).toBe(0.8);
    expect(low).toBeCloseTo(0.49016, 4);
    expect(high).toBeCloseTo(0.94332, 4);
  });

  it('has width even where all is right, and stays in [0, 1]', () => {
    expect(wilson(0, 10)).toMatchObject({ value: 0, low: 0, high: expect.closeTo(0.27753, 4) });
    expect(wilson(10, 10)).toMatchObject({ value: 1, low: expect.closeTo(0.72247, 4), high: 1 });
    fc.assert(fc.property(fc.integer({ min: 1, max: 5000 }), fc.double({ min: 0, max: 1, noNaN: true }), (asked, part) => {
      const share = wilson(Math.round(part * asked), asked);
      expect(ordered(share) && share.low >= 0 && share.high <= 1 && share.low < share.high).toBe(true);
    }));
  });

  it('has no value for nothing', () => {
    expect(() => wilson(0, 0)).toThrow(RangeError);
    expect(shareOf([])).toBeNull();
    expect(shareOf([true, false, true, true])).toMatchObject({ value: 0.75, right: 3, asked: 4 });
  });
});

describe('the bootstrap of a mean', () => {
  it('agrees with the normal interval where that is right', () => {
    const rng = createRng(4);
    const values = Array.from({ length: 400 }, () => rng.next());
    const { value, low, high } = meanInterval(values, 2000);
    const half = (1.96 * Math.sqrt(mean(values.map((x) => (x - value) ** 2)))) / Math.sqrt(400);
    expect(low).toBeCloseTo(value - half, 2);
    expect(high).toBeCloseTo(value + half, 2);
  });

  it('covers the true mean in about 95 of 100 samples', () => {
    let covered = 0;
    for (let trial = 0; trial < 200; trial++) {
      const rng = createRng(77, trial);
      const { low, high } = meanInterval(Array.from({ length: 60 }, () => rng.next()), 300);
      if (low <= 0.5 && high >= 0.5) covered++;
    }
    expect(covered).toBeGreaterThanOrEqual(180);
    expect(covered).toBeLessThan(200);
  });

  it('is the same each time and in every order, and moves and stretches with the values', () => {
    fc.assert(fc.property(numbers, fc.double({ min: 0.5, max: 2, noNaN: true }), (values, factor) => {
      const found = meanInterval(values, 100);
      expect(ordered(found)).toBe(true);
      const turned = meanInterval([...values].reverse(), 100);
      expect(turned.low).toBeCloseTo(found.low, 9);
      const moved = meanInterval(values.map((x) => factor * x + 3), 100);
      expect(moved.low).toBeCloseTo(factor * found.low + 3, 8);
      expect(moved.high).toBeCloseTo(factor * found.high + 3, 8);
    }));
    expect(meanInterval([2, 2, 2], 100)).toEqual({ value: 2, low: 2, high: 2 });
    expect(() => meanInterval([], 100)).toThrow(RangeError);
  });
});

describe('the paired difference', () => {
  const pair = (a: number, b: number, stratum = 1): Pair => ({ a, b, stratum });

  it('sees through what both cells share', () => {
    // Prompts differ by far more than the cells do; unpaired, a difference of 0.1 would drown.
    const rng = createRng(5);
    const pairs = Array.from({ length: 100 }, () => rng.between(-50, 50)).map((hard) => pair(hard, hard + 0.1 + rng.between(-0.05, 0.05)));
    const { value, low, high } = pairedDifference(pairs, 500)!;
    expect(value).toBeCloseTo(0.1, 1);
    expect(low).toBeGreaterThan(0.08);
    expect(high).toBeLessThan(0.12);
  });

  it('changes its sign when the cells change places, and is zero for a cell against itself', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 40 }), (outcomes) => {
      const pairs = outcomes.map(([a, b, one]) => pair(Number(a), Number(b), one ? 1 : 2));
      const forth = pairedDifference(pairs, 100)!;
      const back = pairedDifference(pairs.map(({ a, b, stratum }) => pair(b, a, stratum)), 100)!;
      expect(back.value).toBeCloseTo(-forth.value, 12);
      expect(ordered(forth) && ordered(back)).toBe(true);
      expect(pairedDifference(pairs.map(({ a, stratum }) => pair(a, a, stratum)), 100)).toEqual({ value: 0, low: 0, high: 0 });
    }));
  });

  it('keeps the number of each stratum', () => {
    // Within each stratum all differ alike: nothing is left to chance, though the strata differ by 10.
    const pairs = [...Array.from({ length: 30 }, () => pair(0, 0, 1)), ...Array.from({ length: 10 }, () => pair(0, 10, 2))];
    expect(pairedDifference(pairs, 200)).toEqual({ value: 2.5, low: 2.5, high: 2.5 });
    expect(pairedDifference([...pairs].reverse(), 200)).toEqual({ value: 2.5, low: 2.5, high: 2.5 });
    const mixed = pairedDifference(pairs.map(({ a, b }) => pair(a, b)), 200)!;
    expect(mixed.high - mixed.low).toBeGreaterThan(1);
  });

  it('is nothing without pairs', () => {
    expect(pairedDifference([], 100)).toBeNull();
  });
});

describe('the median', () => {
  it('lies between the order statistics of the tables', () => {
    // For n = 20 the tables give the 6th and the 15th value (96 % confidence); for n = 6 the smallest and the largest.
    const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => n - i);
    expect(medianInterval(upTo(20))).toEqual({ value: 10.5, low: 6, high: 15 });
    expect(medianInterval(upTo(6))).toEqual({ value: 3.5, low: 1, high: 6 });
    expect(medianInterval(upTo(3))).toEqual({ value: 2, low: 1, high: 3 });
    expect(medianInterval([7])).toEqual({ value: 7, low: 7, high: 7 });
  });

  it('narrows with many values, without underflow', () => {
    const { value, low, high } = medianInterval(Array.from({ length: 20_001 }, (_, i) => i));
    expect(value).toBe(10_000);
    // √n·1.96/2 = 138.6 on either side.
    expect(10_000 - low).toBeCloseTo(138.6, -1);
    expect(high - 10_000).toBeCloseTo(138.6, -1);
  });

  it('does not mind outliers', () => {
    fc.assert(fc.property(numbers, (values) => ordered(medianInterval(values))));
    expect(medianInterval([1, 2, 3, 4, 5, 6, 7, 8, 9, 1e9]).value).toBe(5.5);
    expect(() => medianInterval([])).toThrow(RangeError);
  });
});

describe('the correlation', () => {
  it('is that of the textbook', () => {
    expect(correlation([1, 2, 3, 4, 5], [2, 4, 5, 4, 5])).toBeCloseTo(6 / Math.sqrt(60), 12);
    expect(correlation([1, 2, 3], [-2, -4, -6])).toBe(-1);
  });

  it('is null where a curve is flat', () => {
    expect(correlation([0.1, 0.1, 0.1], [1, 2, 3])).toBeNull();
    expect(correlation([1, 2, 3], [0.3, 0.1 + 0.2, 0.3])).toBeNull();
    expect(correlation([1], [2])).toBeNull();
    expect(() => correlation([1, 2], [1])).toThrow(RangeError);
  });

  it('does not mind scale and shift', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })), { minLength: 3, maxLength: 12 }), (points) => {
      const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
      const r = correlation(xs, ys);
      const moved = correlation(xs.map((x) => 3 * x - 7), ys);
      if (r === null) expect(moved).toBeNull();
      else {
        expect(Math.abs(r)).toBeLessThanOrEqual(1);
        expect(moved).toBeCloseTo(r, 9);
        expect(correlation(xs.map((x) => -x), ys)).toBeCloseTo(-r, 9);
      }
    }));
  });
});

it('quantiles are interpolated', () => {
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
  expect(quantile([1, 2, 3], 0)).toBe(1);
  expect(quantile([1, 2, 3], 1)).toBe(3);
  expect(() => quantile([], 0.5)).toThrow(RangeError);
});
