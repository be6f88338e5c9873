import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JobMetrics } from '../../main/contract/jobs.ts';
import { extended, noMetrics, smoothed } from './jobs-metrics.ts';

function rows(from: number, to: number, loss: number, validation: number[] = []): JobMetrics {
  const step = Array.from({ length: to - from + 1 }, (_, n) => from + n);
  const column = step.map(() => loss);
  return { step, loss: column, gradientNorm: column, learningRate: column, ms: column, validation: { step: validation, loss: validation.map(() => loss) } };
}

describe('what a job has measured', () => {
  it('grows by what is told', () => {
    const known = extended(extended(noMetrics, rows(1, 3, 1, [2])), rows(4, 5, 2, [4]));
    expect(known.step).toEqual([1, 2, 3, 4, 5]);
    expect(known.loss).toEqual([1, 1, 1, 2, 2]);
    expect(known.validation).toEqual({ step: [2, 4], loss: [1, 2] });
  });

  it('forgets the steps that are done again from a checkpoint', () => {
    const known = extended(rows(1, 9, 1, [3, 6, 9]), rows(5, 6, 2, [6]));
    expect(known.step).toEqual([1, 2, 3, 4, 5, 6]);
    expect(known.loss).toEqual([1, 1, 1, 1, 2, 2]);
    expect(known.validation).toEqual({ step: [3, 6], loss: [1, 2] });
  });

  it('loses nothing when there is no news', () => {
    const known = rows(1, 4, 1, [2, 4]);
    expect(extended(known, noMetrics)).toEqual(known);
    expect(extended(known, { ...noMetrics, validation: { step: [4], loss: [5] } }).validation.loss).toEqual([1, 5]);
  });
});

describe('smoothing', () => {
  it('leaves values as they are at 0, and a constant at any share', () => {
    fc.assert(fc.property(fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { maxLength: 50 }), (values) => {
      smoothed(values, 0).forEach((value, n) => expect(value).toBeCloseTo(values[n]!, 6));
    }));
    for (const value of smoothed([3, 3, 3, 3], 0.9)) expect(value).toBeCloseTo(3);
  });

  it('stays within what was measured, from the first value on', () => {
    fc.assert(fc.property(fc.array(fc.double({ min: 0.001, max: 10, noNaN: true }), { minLength: 1, maxLength: 50 }), fc.double({ min: 0, max: 0.99, noNaN: true }), (values, share) => {
      const [low, high] = [Math.min(...values), Math.max(...values)];
      for (const value of smoothed(values, share)) {
        expect(value).toBeGreaterThanOrEqual(low - 1e-9);
        expect(value).toBeLessThanOrEqual(high + 1e-9);
      }
    }));
  });

  it('passes over what is no number', () => {
    expect(smoothed([2, Number.NaN, 2], 0.5)).toEqual([2, Number.NaN, 2]);
  });
});
