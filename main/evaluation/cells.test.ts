import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EvaluateRequest, EvaluationCell } from '../contract/evaluation.ts';
import type { ModelInfo } from '../contract/schemas.ts';
import { controlsOf, effectiveScale, nominalPasses, ownTeacherKey, planCells } from './cells.ts';

const model = (id: string, more: Partial<ModelInfo> = {}): ModelInfo => ({
  id, name: id, kind: 'teacher', guidanceKind: null, teacher: null, distilledFrom: null, distilledSteps: null, guidanceRange: null,
  width: 128, height: 128, bytes: 1, precision: 'float16', licence: 'Apache-2.0', hash: 'x', embedded: true, card: null, problem: null, ...more,
});
const student = (id: string, more: Partial<ModelInfo> = {}): ModelInfo =>
  model(id, { kind: 'student', guidanceKind: 'teefusion', teacher: 'story', distilledFrom: 'euler', guidanceRange: [1, 9], ...more });
const models = [
  model('story'), student('fast'), student('fast-z', { distilledFrom: 'z-sampling', distilledSteps: 20 }), student('orphan', { teacher: 'gone' }),
  model('broken', { problem: 'half of it is missing' }),
];
const plan = (request: Partial<EvaluateRequest>) => planCells(EvaluateRequest.parse({ models: ['story'], ...request }), models);
const keys = (request: Partial<EvaluateRequest>): string[] => plan(request).cells.map(({ purpose, key }) => `${purpose} ${key}`);

describe('what is asked for', () => {
  it('is every model at every scale, a teacher with every sampler', () => {
    expect(keys({ models: ['story', 'fast'], guidance: [1, 2.5], samplers: ['euler', 'w2sd'], controls: false })).toEqual([
      'asked story-euler-g1-s20', 'asked story-euler-g2.5-s20', 'asked story-w2sd-g1-s20', 'asked story-w2sd-g2.5-s20',
      'asked fast-euler-g1-s20', 'asked fast-euler-g2.5-s20',
    ]);
  });

  it('leaves a student out at scales that it was not trained with, and says so', () => {
    const { cells, warnings } = plan({ models: ['fast'], guidance: [0.5, 1, 9, 9.5], controls: false });
    expect(cells.map(({ guidance }) => guidance)).toEqual([1, 9]);
    expect(warnings).toEqual([{ code: 'guidance-outside-range', message: 'fast was trained with guidance 1 to 9; it is left out at 0.5, 9.5.' }]);
    expect(() => plan({ models: ['fast'], guidance: [12] })).toThrow(expect.objectContaining({ code: 'invalid-input', hint: expect.stringContaining('12') }));
  });

  it('says when a student makes other steps than it learned', () => {
    expect(plan({ models: ['fast-z'], guidance: [3], steps: 10, controls: false }).warnings.map(({ code }) => code)).toEqual(['other-steps']);
    expect(plan({ models: ['fast-z'], guidance: [3], steps: 20, controls: false }).warnings).toEqual([]);
  });

  it('says when a student would not meet what it was taught by', () => {
    expect(plan({ models: ['story', 'fast-z'], guidance: [3] }).warnings.map(({ code }) => code)).toEqual(['other-sampler']);
    expect(plan({ models: ['story', 'fast-z'], guidance: [3], samplers: ['euler', 'z-sampling'] }).warnings).toEqual([]);
  });

  it('refuses what cannot be drawn', () => {
    expect(() => plan({ models: ['nobody'] })).toThrow(expect.objectContaining({ code: 'not-found' }));
    expect(() => plan({ models: ['broken'] })).toThrow(expect.objectContaining({ code: 'corrupt-file', message: expect.stringContaining('half of it') }));
  });
});

describe('controls', () => {
  it('stand at the effective scale beside a reflecting teacher', () => {
    expect(keys({ samplers: ['z-sampling', 'w2sd'], guidance: [5] })).toEqual([
      'asked story-z-sampling-g5-s20', 'effective-scale story-euler-g9.5-s20', 'asked story-w2sd-g5-s20', 'effective-scale story-euler-g9-s20',
    ]);
  });

  it('have the passes of the student beside it, with Euler and with what it learned', () => {
    // 20 passes: Euler 10 steps of 2; Z-Sampling 3 reflecting steps of 6 and a last one of 2.
    expect(keys({ models: ['fast'], guidance: [3] })).toEqual(['asked fast-euler-g3-s20', 'equal-passes story-euler-g3-s10']);
    expect(keys({ models: ['fast-z'], guidance: [3] })).toEqual([
      'asked fast-z-euler-g3-s20', 'effective-scale story-euler-g5.5-s20', 'equal-passes story-euler-g3-s10', 'equal-passes story-z-sampling-g3-s4',
    ]);
  });

  it('are the teacher itself where its guidance costs nothing', () => {
    expect(keys({ models: ['story', 'fast'], guidance: [1] })).toEqual(['asked story-euler-g1-s20', 'asked fast-euler-g1-s20']);
  });

  it('take the passes that the caller counts', () => {
    const request = EvaluateRequest.parse({ models: ['fast'], guidance: [3] });
    expect(planCells(request, models, ({ kind, steps }) => (kind === 'student' ? steps : 4 * steps)).cells.map(({ steps }) => steps)).toEqual([20, 5]);
  });

  it('are left out with a warning where they cannot be drawn', () => {
    expect(plan({ models: ['orphan'], guidance: [3, 5] })).toMatchObject({ cells: [{ model: 'orphan' }, { model: 'orphan' }], warnings: [{ code: 'no-teacher' }] });
    expect(plan({ samplers: ['z-sampling'], guidance: [0, 20] })).toMatchObject({
      cells: [{ guidance: 0 }, { guidance: 20 }], warnings: [{ code: 'no-control' }, { code: 'no-control' }],
    });
  });
});

it('knows the effective scale and the passes of METHOD.md', () => {
  expect(effectiveScale('z-sampling', 5.5, { inversionGuidance: 0 })).toBe(11);
  expect(effectiveScale('z-sampling', 3.3, {})).toBe(6.1);
  expect(effectiveScale('w2sd', 5.5, {})).toBe(10);
  expect(effectiveScale('euler', 4, {})).toBe(4);
  const passes = nominalPasses({ inversionGuidance: 0, steps: 49 });
  const cell = { model: 'story', kind: 'teacher', guidance: 5.5, steps: 50 } as const;
  expect(passes({ ...cell, sampler: 'z-sampling' })).toBe(49 * 5 + 2);
  expect(passes({ ...cell, sampler: 'euler' })).toBe(100);
  expect(passes({ ...cell, sampler: 'euler', guidance: 1 })).toBe(50);
  expect(passes({ ...cell, kind: 'student', sampler: 'euler' })).toBe(50);
});

it('names the cell that a student was taught by', () => {
  const [cell] = plan({ models: ['fast-z'], guidance: [3] }).cells;
  expect(ownTeacherKey(cell!, models[2]!)).toBe('story-z-sampling-g3-s20');
  expect(ownTeacherKey(plan({ guidance: [3] }).cells[0]!, models[0]!)).toBeNull();
});

const anyRequest = fc.record({
  models: fc.array(fc.constantFrom('story', 'fast', 'fast-z', 'orphan'), { minLength: 1, maxLength: 6 }),
  guidance: fc.array(fc.double({ min: 0, max: 30, noNaN: true }).map((g) => Math.round(g * 10) / 10), { minLength: 1, maxLength: 8 }),
  samplers: fc.array(fc.constantFrom('euler', 'z-sampling', 'w2sd'), { minLength: 1, maxLength: 3 }),
  steps: fc.integer({ min: 1, max: 200 }),
});

it('plans legal cells without duplicates, controls never costing more steps than what they control', () => {
  fc.assert(fc.property(anyRequest, (given) => {
    const request = EvaluateRequest.parse(given);
    // Teachers can be drawn at every scale, so that something is always left.
    const { cells } = planCells({ ...request, models: ['story', ...request.models] }, models);
    expect(new Set(cells.map(({ key }) => key)).size).toBe(cells.length);
    for (const cell of cells) {
      EvaluationCell.parse(cell);
      expect(cell.steps).toBeLessThanOrEqual(request.steps);
      if (cell.kind === 'student') expect(cell.guidance >= 1 && cell.guidance <= 9 && cell.sampler === 'euler').toBe(true);
      for (const control of controlsOf(cell, request, models, nominalPasses(request.reflection))) expect(cells.some(({ key }) => key === control.key)).toBe(true);
    }
  }), { numRuns: 200 });
});
