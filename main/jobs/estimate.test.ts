import { describe, expect, it } from 'vitest';
import { JobConfig, JobEstimate } from '../contract/jobs.ts';
import { estimateOf, sized, type Measured } from './estimate.ts';

const config = JobConfig.parse({ steps: 100, points: 1000, sampleEvery: 50, validateEvery: 25 });
const measured: Measured = {
  secondsPerPoint: 0.01, secondsPerStep: 2, secondsPerSample: 1, secondsPerPicture: 0.5, secondsPerValidation: 0.5, steps: 3,
  peakBytes: 500e6, pointBytes: 24_000, copyBytes: 28e6, studentBytes: 14e6, pictureBytes: 49_152, textBytes: 30e6,
};
const room = { memoryBytes: 4e9, diskBytes: 50e9 };

describe('an estimate', () => {
  it('adds up points, steps, validation and samples', () => {
    const estimate = estimateOf(config, measured, room, 4, 2);
    expect(estimate.seconds).toBeCloseTo(1000 * 0.01 + 100 * 2 + 4 * 0.5 + 4 * (2 + 2) * 1);
    // Teaching points are read from the disk, prompts are kept.
    expect(estimate.memoryBytes).toBe(530e6);
    expect(estimate.diskBytes).toBe(1000 * 24_000 + 12 * 28e6 + 2 * 14e6 + 3 * 4 * 49_152);
    // Checkpoints of adapters are small, the student is not.
    expect(estimate.diskBytes - estimateOf(config, { ...measured, copyBytes: 2e6 }, room, 4, 2).diskBytes).toBe(12 * 26e6);
    expect(estimate.refusal).toBeNull();
    expect(JobEstimate.parse(estimate)).toEqual(estimate);
  });

  it('leaves out what is switched off', () => {
    expect(estimateOf({ ...config, sampleEvery: 0, validateEvery: 0 }, measured, room, 4, 2).seconds).toBeCloseTo(210);
  });

  it('adds the evaluation: student, teacher and controls at every scale', () => {
    const evaluate = { count: 10, guidance: [1, 3, 5], steps: null };
    const plain = estimateOf({ ...config, evaluate }, measured, room, 4, 2);
    expect(plain.evaluationSeconds).toBeCloseTo(3 * 10 * ((1 + 2 + 1) * 0.5 + 3 * 0.1));
    expect(plain.seconds - plain.evaluationSeconds).toBeCloseTo(estimateOf(config, measured, room, 4, 2).seconds);
    // Its pictures are stored too.
    expect(plain.diskBytes - estimateOf(config, measured, room, 4, 2).diskBytes).toBe(3 * 10 * 3 * 49_152);
    const reflecting = estimateOf({ ...config, strategy: 'w2sd', evaluate: { count: 10, guidance: null, steps: 2 * config.scheduleSteps } }, measured, room, 4, 6);
    expect(reflecting.evaluationSeconds).toBeCloseTo(3 * 10 * ((1 + 6 + 1 + 1 + 2) * 2 * 0.5 + 5 * 0.1));
  });

  it('refuses with the numbers what does not fit', () => {
    expect(estimateOf(config, { ...measured, peakBytes: 6e9 }, room, 4, 2).refusal).toMatchObject({
      code: 'out-of-memory', message: 'This job needs 6.0 GB of memory; 4.0 GB are free.', hint: expect.stringContaining('smaller batch'),
    });
    expect(estimateOf({ ...config, points: 1_000_000 }, measured, { ...room, diskBytes: 1e9 }, 4, 2).refusal).toMatchObject({
      code: 'disk-full', message: 'This job needs 24.4 GB on disk (24.0 GB of it for teaching points); 1.0 GB are free where the library is.', hint: expect.stringContaining('fewer teaching points'),
    });
  });
});

it('sizes are said in the unit that suits them', () => {
  expect([0, 999, 1000, 1_500_000, 2e9, 5e15].map(sized)).toEqual(['0 bytes', '999 bytes', '1.0 kB', '1.5 MB', '2.0 GB', '5000.0 TB']);
});
