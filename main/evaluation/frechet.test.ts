import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng } from '../storybook/rng.ts';
import { frechetDistance, frechetInterval } from './frechet.ts';

/** About normal: the sum of twelve uniform numbers. */
function normals(seed: number, rows: number, size: number): number[][] {
  return Array.from({ length: rows }, (_, r) => {
    const rng = createRng(seed, r);
    return Array.from({ length: size }, () => Array.from({ length: 12 }, () => rng.next()).reduce((a, b) => a + b, -6));
  });
}
const column = (values: number[]): number[][] => values.map((value) => [value]);
const variance = (values: number[]): number => {
  const mean = values.reduce((a, b) => a + b) / values.length;
  return values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1);
};

describe('the distance', () => {
  it('in one dimension is (μ₁ − μ₂)² + (σ₁ − σ₂)²', () => {
    const [a, b] = [[1, 2, 3, 6], [10, 14, 12, 17]];
    expect(frechetDistance(column(a), column(b))).toBeCloseTo((3 - 13.25) ** 2 + (Math.sqrt(variance(a)) - Math.sqrt(variance(b))) ** 2, 10);
  });

  it('of commuting covariances is |μ₁ − μ₂|² + Σ(σ₁ᵢ − σ₂ᵢ)²', () => {
    // All sign combinations: the columns are uncorrelated, so shrinking towards the diagonal changes nothing.
    const corners = Array.from({ length: 8 }, (_, i) => [i & 1, i & 2, i & 4].map((bit) => (bit ? 1 : -1)));
    const stretched = (s: number[], m: number[]): number[][] => corners.map((row) => row.map((x, i) => m[i]! + s[i]! * x));
    const unbiased = 8 / 7;
    expect(frechetDistance(stretched([1, 2, 3], [0, 0, 0]), stretched([2, 2, 0.5], [1, -1, 2])))
      .toBeCloseTo(6 + unbiased * (1 + 0 + 2.5 ** 2), 10);
  });

  it('of correlated covariances is that of their closed form in two dimensions', () => {
    // tr((C₁C₂)^½) of 2 × 2 matrices is √(tr(C₁C₂) + 2√det(C₁C₂)).
    const base = normals(1, 200, 2);
    const a = base.map(([x, y]) => [x!, 0.8 * x! + 0.5 * y!]);
    const b = normals(2, 200, 2).map(([x, y]) => [x! - y!, 2 * y! + 1]);
    const shrunk = 1 - 2 / 202;
    const covariance = (rows: number[][]): [number, number, number] => {
      const [xs, ys] = [rows.map((row) => row[0]!), rows.map((row) => row[1]!)];
      const both = rows.map((_, i) => xs[i]! + ys[i]!);
      return [variance(xs), variance(ys), (shrunk * (variance(both) - variance(xs) - variance(ys))) / 2];
    };
    const [[p, q, r], [s, t, u]] = [covariance(a), covariance(b)];
    const means = [0, 1].map((i) => (a.reduce((m, row) => m + row[i]!, 0) - b.reduce((m, row) => m + row[i]!, 0)) / 200);
    const root = Math.sqrt(p * s + q * t + 2 * r * u + 2 * Math.sqrt((p * q - r * r) * (s * t - u * u)));
    expect(frechetDistance(a, b)).toBeCloseTo(means[0]! ** 2 + means[1]! ** 2 + p + q + s + t - 2 * root, 9);
  });

  it('is zero for a set and itself, symmetric, and blind to the order of rows', () => {
    const rows = fc.array(fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 4, maxLength: 4 }), { minLength: 3, maxLength: 12 });
    fc.assert(fc.property(rows, rows, (a, b) => {
      expect(frechetDistance(a, a)).toBeLessThan(1e-6);
      const forth = frechetDistance(a, b);
      expect(forth).toBeGreaterThanOrEqual(0);
      expect(frechetDistance(b, a)).toBeCloseTo(forth, 5);
      expect(frechetDistance([...a].reverse(), b)).toBeCloseTo(forth, 5);
    }));
  });

  it('does not mind features that are constant or say the same twice', () => {
    const a = normals(3, 40, 3).map(([x, y]) => [x!, x!, y!, 5]);
    expect(frechetDistance(a, a)).toBeLessThan(1e-9);
    const b = a.map(([x, , y]) => [x! + 1, x! + 1, y!, 5]);
    expect(frechetDistance(a, b)).toBeCloseTo(2, 6);
  });

  it('refuses what is no set of vectors', () => {
    expect(() => frechetDistance([[1, 2], [1]], [[1, 2]])).toThrow(RangeError);
    expect(() => frechetDistance([[1], [Number.NaN]], [[1], [2]])).toThrow(RangeError);
  });
});

describe('the interval', () => {
  const real = normals(10, 120, 6);

  it('is not given below 32 rows', () => {
    expect(frechetInterval(real.slice(0, 31), real)).toBeNull();
    expect(frechetInterval(real, real.slice(0, 31))).toBeNull();
    expect(frechetInterval(real.slice(0, 32), real.slice(0, 32))).toMatchObject({ value: expect.closeTo(0, 9), low: 0 });
  });

  it('holds the distance, and grows with what differs', () => {
    const moved = (by: number) => frechetInterval(normals(11, 120, 6).map((row) => row.map((x) => x + by)), real)!;
    const [near, far] = [moved(0), moved(1)];
    for (const { low, value, high } of [near, far]) expect(low < value && value < high && low >= 0).toBe(true);
    expect(far.low).toBeGreaterThan(near.high);
    // Six means moved by about one deviation.
    expect(far.value).toBeGreaterThan(4);
    expect(far.value).toBeLessThan(9);
    expect(moved(1)).toEqual(far);
  });

  it('gives no feature a say of its own that hardly varies', () => {
    const flat = (rows: number[][], level: number): number[][] => rows.map((row, i) => [...row, level + 1e-6 * (i % 2)]);
    const [value, without] = [frechetInterval(flat(real, 0.1), flat(real, 0))!.value, frechetInterval(real, real)!.value];
    // 0.1 in units of a quarter of about 1, squared.
    expect(value - without).toBeCloseTo((0.1 / 0.25) ** 2, 1);
    expect(frechetInterval(flat(real.map(() => [0]), 0), flat(real.map(() => [0]), 0))!.value).toBeCloseTo(0, 9);
  });

  it('does not mind the units of a feature', () => {
    const generated = normals(12, 50, 6);
    const inMiles = (rows: number[][]): number[][] => rows.map((row) => row.map((x, i) => (i === 2 ? 1e4 * x + 3 : x)));
    expect(frechetInterval(inMiles(generated), inMiles(real))!.value).toBeCloseTo(frechetInterval(generated, real)!.value, 6);
  });
});
