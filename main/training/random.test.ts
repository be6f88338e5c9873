// Seeded random numbers: the same for the same key, whatever else is drawn, and random enough.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TrainingRandom } from './random.ts';

const key = fc.array(fc.integer({ min: 0, max: 2 ** 40 }), { minLength: 1, maxLength: 4 });
const drawn = (random: TrainingRandom, count = 16): number[] => Array.from({ length: count }, () => random.uint32());

test('a stream is a function of its key alone', () => {
  fc.assert(fc.property(key, key, fc.array(fc.boolean(), { maxLength: 40 }), (one, other, order) => {
    const alone = drawn(new TrainingRandom(...one), 40);
    const [a, b] = [new TrainingRandom(...one), new TrainingRandom(...other)];
    const mixed: number[] = [];
    for (const first of order) {
      if (first) mixed.push(a.uint32());
      else b.normal();
    }
    expect(mixed).toEqual(alone.slice(0, mixed.length));
  }));
});

test('different keys give different streams, the order of a key and its zeros included', () => {
  const keys = [[0], [0, 0], [1], [1, 0], [0, 1], [1, 1], [1, 2], [2, 1], [1, 2, 3], [3, 2, 1], [2 ** 32], [2 ** 32 + 1], [2 ** 33]];
  const streams = new Set(keys.map((each) => drawn(new TrainingRandom(...each)).join()));
  expect(streams.size).toBe(keys.length);
});

test('streams of neighbouring keys are not alike', () => {
  const count = 4000;
  for (const [one, other] of [[[1, 1], [1, 2]], [[7, 100], [8, 100]], [[1, 1, 5], [1, 5, 1]]] as const) {
    const [a, b] = [new TrainingRandom(...one).normals(count), new TrainingRandom(...other).normals(count)];
    const correlation = a.reduce((sum, x, i) => sum + x * b[i]!, 0) / count;
    expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(count));
  }
});

test('a job of today draws in a year what it drew today', () => {
  expect(drawn(new TrainingRandom(1, 2, 3), 4)).toMatchInlineSnapshot(`
    [
      3574816063,
      94782737,
      802200128,
      500230285,
    ]
  `);
});

test('numbers have the distribution they promise', () => {
  const count = 40_000;
  const random = new TrainingRandom(42);
  const uniform = Array.from({ length: count }, () => random.uniform());
  expect(Math.min(...uniform)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...uniform)).toBeLessThan(1);
  const mean = (xs: ArrayLike<number>, of = (x: number): number => x): number => Array.from(xs).reduce((sum, x) => sum + of(x), 0) / xs.length;
  expect(mean(uniform)).toBeCloseTo(0.5, 1);
  const normal = random.normals(count);
  expect(Math.abs(mean(normal))).toBeLessThan(0.02);
  expect(Math.abs(mean(normal, (x) => x * x) - 1)).toBeLessThan(0.03);
  expect(Math.abs(mean(normal, (x) => x ** 4) - 3)).toBeLessThan(0.2);
  const single = Float32Array.from({ length: count }, () => random.normal());
  expect(Math.abs(mean(single, (x) => x * x) - 1)).toBeLessThan(0.03);
  const counts = [0, 0, 0, 0, 0];
  for (let i = 0; i < count; i++) counts[random.below(5)]! += 1;
  for (const n of counts) expect(Math.abs(n / count - 0.2)).toBeLessThan(0.01);
});

test('an odd number of normal numbers is filled to the end', () => {
  const odd = new TrainingRandom(1).normals(7);
  expect(odd).toHaveLength(7);
  expect(odd.every((x) => x !== 0)).toBe(true);
  expect(new TrainingRandom(1).normals(8).subarray(0, 7)).toEqual(odd);
});
