import { expect, it } from 'vitest';
import { estimateSeconds, passCounter } from './evaluation-cost.ts';

const teacher = { model: 'story', kind: 'teacher', guidance: 5, steps: 20 } as const;

it('counts passes as the pipeline makes them, guard included', () => {
  const count = passCounter({ story: 3 }, {});
  expect(count({ ...teacher, sampler: 'euler' })).toBe(40);
  expect(count({ ...teacher, sampler: 'euler', guidance: 1 })).toBe(20);
  // As measured on the embedded model (docs/results.md).
  expect(count({ ...teacher, sampler: 'z-sampling' })).toBe(112);
  expect(count({ ...teacher, sampler: 'w2sd' })).toBe(94);
  expect(count({ ...teacher, sampler: 'z-sampling', steps: 1 })).toBe(2);
  expect(count({ ...teacher, kind: 'student', sampler: 'euler' })).toBe(20);
  const free = passCounter({ story: 3 }, { guard: false, steps: 4, inversionGuidance: 0 });
  expect(free({ ...teacher, sampler: 'z-sampling' })).toBe(40 + 4 * 3);
});

it('foresees the time by the median of what pictures of the same model took for a pass', () => {
  const cells = [{ ...teacher, sampler: 'euler', nfe: 40 }, { ...teacher, kind: 'student', model: 'fast', sampler: 'euler', nfe: 20 }] as const;
  const timings = [{ model: 'story', nfe: 40, ms: 400 }, { model: 'story', nfe: 20, ms: 100 }, { model: 'story', nfe: 10, ms: 900 }, { model: 'fast', nfe: 20, ms: 100 }];
  expect(estimateSeconds(cells, 10, timings)).toBeCloseTo((10 * (40 * 10 + 20 * 5 + 2 * 60)) / 1000);
  expect(estimateSeconds(cells, 10, timings.slice(0, 3))).toBeNull();
});
