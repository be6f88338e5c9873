import { expect, it } from 'vitest';
import type { JobSample } from '../../main/contract/jobs.ts';
import { has, stepsOf, subjectsOf, withSample } from './jobs-samples.ts';

const sample = (step: number | null, index: number): JobSample => ({ job: 'a', step, index, prompt: `prompt ${index}`, seed: 7 + index, guidance: 5 });
const told = [sample(60, 1), sample(null, 0), sample(20, 0), sample(60, 0), sample(20, 1), sample(20, 0), sample(null, 1)];
const samples = told.reduce(withSample, [] as readonly JobSample[]);

it('samples stand in order, the teacher first, each once', () => {
  expect(samples.map(({ step, index }) => [step, index])).toEqual([[null, 0], [null, 1], [20, 0], [20, 1], [60, 0], [60, 1]]);
});

it('training time has the steps at which the student was drawn', () => {
  expect(stepsOf(samples)).toEqual([20, 60]);
  expect(stepsOf([sample(null, 0)])).toEqual([]);
});

it('subjects are known from whoever was drawn first', () => {
  expect(subjectsOf([sample(20, 1), sample(null, 0)]).map(({ prompt }) => prompt)).toEqual(['prompt 0', 'prompt 1']);
  expect(has(samples, null, 1)).toBe(true);
  expect(has(samples, 40, 1)).toBe(false);
});
