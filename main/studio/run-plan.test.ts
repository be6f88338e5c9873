import { expect, it } from 'vitest';
import { nextSeed, plannedPictures } from './run-plan.ts';

it('compares both models on one seed, the teacher first', () => {
  expect(plannedPictures({ kind: 'compare', teacher: 't', student: 's', count: 1, seed: 7 })).toEqual([
    { role: 'teacher', model: 't', seed: 7, index: 0 },
    { role: 'student', model: 's', seed: 7, index: 0 },
  ]);
});

it('counts pictures and seeds of a single model, over the largest seed', () => {
  expect(plannedPictures({ kind: 'generate', teacher: null, student: 's', count: 2, seed: 4294967295 })).toEqual([
    { role: 'single', model: 's', seed: 4294967295, index: 0 },
    { role: 'single', model: 's', seed: 0, index: 1 },
  ]);
  expect(nextSeed(0, 0)).toBe(0);
});
