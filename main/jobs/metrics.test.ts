import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { condensed, metricsOf, readTrainingLog, readValidationLog, type MetricRow } from './metrics.ts';

const line = (step: number, loss = 1 / step) => JSON.stringify({ step, loss, gradient_norm: 2, learning_rate: 1e-3, ms: 10 });
const row = (step: number, loss: number): MetricRow => ({ step, loss, gradientNorm: loss * 2, learningRate: 1e-3, ms: 10 });
const all = { from: 0, points: 1000 };

describe('logs', () => {
  it('are read by step; of a step that was made again the last record counts', () => {
    const rows = readTrainingLog([line(1), line(2, 9), line(3), line(2, 7)].join('\n'));
    expect(rows.map(({ step, loss }) => [step, loss])).toEqual([[1, 1], [2, 7], [3, 1 / 3]]);
    expect(rows[0]).toEqual({ step: 1, loss: 1, gradientNorm: 2, learningRate: 1e-3, ms: 10 });
  });

  it('may end in the middle of a line, hold rubbish, or be empty', () => {
    expect(readTrainingLog(`${line(1)}\n{"step": 2, "lo`)).toHaveLength(1);
    expect(readTrainingLog(`${line(1)}\nnull\n[]\n{"step":5}\n{"step":"6","loss":1}\n`)).toHaveLength(1);
    expect(readTrainingLog('')).toEqual([]);
    expect(readValidationLog('{"step":20,"loss":0.5}\n{"step":40,')).toEqual([{ step: 20, loss: 0.5 }]);
  });
});

describe('condensed metrics', () => {
  it('are the rows themselves where there are few, within the range, both ends included', () => {
    const rows = [1, 2, 3, 4].map((step) => row(step, step));
    expect(condensed(rows, [{ step: 2, loss: 5 }, { step: 4, loss: 6 }], { ...all, from: 2, to: 3 }))
      .toEqual(metricsOf(rows.slice(1, 3), [{ step: 2, loss: 5 }]));
    expect(condensed([], [], all).step).toEqual([]);
  });

  it('keep the mean, the last step and the number asked for', () => {
    fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { minLength: 1, maxLength: 300 }), fc.integer({ min: 2, max: 40 }), (losses, points) => {
      const metrics = condensed(losses.map((loss, i) => row(i + 1, loss)), [], { from: 0, points });
      expect(metrics.step).toHaveLength(Math.min(points, losses.length));
      expect(metrics.step.at(-1)).toBe(losses.length);
      expect(metrics.step).toEqual(metrics.step.toSorted((a, b) => a - b));
      // Weighted by their shares, the means have the mean of all.
      const shares = metrics.step.map((step, i) => step - (metrics.step[i - 1] ?? 0));
      const sum = metrics.loss.reduce((total, loss, i) => total + loss * shares[i]!, 0);
      expect(sum).toBeCloseTo(losses.reduce((total, loss) => total + loss, 0), 6);
      for (const column of [metrics.loss, metrics.gradientNorm, metrics.learningRate, metrics.ms]) expect(column).toHaveLength(metrics.step.length);
    }));
  });
});
