import { describe, expect, it } from 'vitest';
import { JobConfig, type JobConfigInput, type JobEstimate } from '../../main/contract/jobs.ts';
import { costOf } from './jobs-cost.ts';

const config = (more: JobConfigInput = {}) => JobConfig.parse({ steps: 100, batch: 4, points: 200, sampleEvery: 50, validateEvery: 10, ...more });
const estimate: JobEstimate = {
  seconds: 100, evaluationSeconds: 0, secondsPerPoint: 0.2, secondsPerStep: 0.5, secondsPerSample: 1, measuredSteps: 4, memoryBytes: 1, diskBytes: 1, freeMemoryBytes: 2, freeDiskBytes: 2, refusal: null,
};
const measured = { config: config(), estimate };

describe('the cost of a job', () => {
  it('has the parts of the measurement, which add up', () => {
    expect(costOf(measured, config({ name: 'other', seed: 4, learningRate: 0.01 }))).toEqual({ teaching: 40, learning: 50, watching: 10, evaluating: 0, total: 100, exact: true });
  });

  it('is reckoned where only amounts differ', () => {
    expect(costOf(measured, config({ steps: 200, points: 100, batch: 8 }))).toEqual({ teaching: 20, learning: 200, watching: 20, evaluating: 0, total: 240, exact: false });
    expect(costOf(measured, config({ sampleEvery: 25 }))).toMatchObject({ watching: 20, exact: false });
  });

  it('counts the evaluation by its pictures, and knows nothing of one that was not measured', () => {
    const evaluated = { config: config({ evaluate: { count: 10, guidance: [3, 5] } }), estimate: { ...estimate, seconds: 130, evaluationSeconds: 30 } };
    expect(costOf(evaluated, config({ evaluate: { count: 20, guidance: [3] } }))).toMatchObject({ watching: 10, evaluating: 30, total: 130, exact: false });
    expect(costOf(evaluated, config({ evaluate: { count: 40, guidance: [3] } }))).toMatchObject({ evaluating: 60, total: 160 });
    expect(costOf(evaluated, config({ evaluate: { count: 10, guidance: [3, 5], steps: 40 } }))).toMatchObject({ evaluating: 60 });
    expect(costOf(evaluated, config())).toMatchObject({ evaluating: 0, total: 100, exact: false });
    expect(costOf(measured, evaluated.config)).toBeNull();
  });

  it('is not known where the work itself is another', () => {
    for (const other of [{ strategy: 'w2sd' }, { pointsFrom: 'trajectories' }, { kind: 'distillcfg' }, { threads: 1 }, { gentle: false }, { accumulate: 2 }, { recompute: true }, { device: 'webgpu' }, { lora: { rank: 4 } }] as const) {
      expect(costOf(measured, config(other))).toBeNull();
    }
  });
});
