import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EvaluateRequest } from '../../main/contract/evaluation.ts';
import type { ModelInfo } from '../../main/contract/schemas.ts';
import { compose, firstEvaluation, firstPair, quickRequest, readPasted, restoreEvaluation, type EvaluationForm } from './evaluation-form.ts';

function model(id: string, more: Partial<ModelInfo> = {}): ModelInfo {
  return {
    id, name: id, kind: 'teacher', guidanceKind: null, teacher: null, distilledFrom: null, distilledSteps: null, guidanceRange: null,
    width: 128, height: 128, bytes: 1, precision: 'float16', licence: 'Apache-2.0', hash: '', embedded: true, card: null, problem: null, ...more,
  };
}

const student = (id: string, more: Partial<ModelInfo> = {}) => model(id, { kind: 'student', teacher: 'storybook', ...more });
const form: EvaluationForm = { ...firstEvaluation, models: ['storybook'] };
const problemOf = (change: Partial<EvaluationForm>) => {
  const composed = compose({ ...form, ...change });
  return composed.ok ? null : composed.problem;
};

describe('an evaluation being composed', () => {
  it('is asked for as it stands, and the host takes it', () => {
    const composed = compose({ ...form, guidance: '0, 1, 3-5', count: 10, controls: false, copies: false });
    if (!composed.ok) throw new Error(composed.problem.kind);
    expect(EvaluateRequest.parse(composed.request)).toEqual(composed.request);
    expect(composed.request).toMatchObject({ models: ['storybook'], guidance: [0, 1, 3, 4, 5], prompts: 'held-out', count: 10, controls: false, copies: false });
  });

  it('says what is missing or wrong', () => {
    expect(problemOf({})).toBeNull();
    expect(problemOf({ models: [] })).toEqual({ kind: 'models' });
    expect(problemOf({ models: Array.from({ length: 13 }, (_, at) => `m${at}`) })).toEqual({ kind: 'tooManyModels' });
    expect(problemOf({ guidance: ' , ' })).toEqual({ kind: 'guidance' });
    expect(problemOf({ guidance: '1, 99' })).toEqual({ kind: 'guidancePart', part: '99' });
    expect(problemOf({ guidance: '1-17' })).toEqual({ kind: 'tooManyGuidance' });
    expect(problemOf({ samplers: [] })).toEqual({ kind: 'samplers' });
    expect(problemOf({ prompts: 'pasted', pasted: ' \n ' })).toEqual({ kind: 'pasted' });
    expect(problemOf({ prompts: 'pasted', pasted: `a boat\n${'x'.repeat(2001)}` })).toMatchObject({ kind: 'pastedLine' });
    // What is not used may be wrong.
    expect(problemOf({ prompts: 'known', pasted: '{"seed": -1}' })).toBeNull();
  });

  it('keeps the settings of reflection for samplers that reflect', () => {
    const reflection = { inversionGuidance: 0 };
    expect(compose({ ...form, reflection })).toMatchObject({ request: { reflection: {} } });
    expect(compose({ ...form, reflection, samplers: ['euler', 'z-sampling'] })).toMatchObject({ request: { reflection } });
  });

  it('reads a pasted list line by line, with seeds of its own or counted on', () => {
    expect(readPasted('a boat\n\n  a house \n{"prompt": "a tree", "seed": 0}\na cup')).toEqual({
      ok: true,
      prompts: [{ prompt: 'a boat', seed: 1000 }, { prompt: 'a house', seed: 1001 }, { prompt: 'a tree', seed: 0 }, { prompt: 'a cup', seed: 1003 }],
    });
    expect(compose({ ...form, prompts: 'pasted', pasted: 'a boat\na house', count: 9 })).toMatchObject({ request: { count: 2 } });
    for (const line of ['{"prompt": 7}', '{"seed": 1}', '{broken', '{"prompt": "x", "seed": 1.5}']) expect(readPasted(`a boat\n${line}`)).toEqual({ ok: false, line });
  });

  it('comes back from an earlier one as it was', () => {
    const prompts = fc.array(fc.record({ prompt: fc.string({ minLength: 1, maxLength: 30 }), seed: fc.integer({ min: 0, max: 4294967295 }) }), { minLength: 1, maxLength: 5 });
    fc.assert(fc.property(prompts, (list) => {
      const asked = EvaluateRequest.parse({ models: ['storybook'], guidance: [0, 1.5], prompts: list, count: list.length });
      expect(compose(restoreEvaluation(asked))).toEqual({ ok: true, request: asked });
    }));
    const asked = EvaluateRequest.parse({ models: ['a', 'b'], prompts: 'known', samplers: ['w2sd'], reflection: { weakGuidance: 0 }, count: 3 });
    expect(compose(restoreEvaluation(asked))).toEqual({ ok: true, request: asked });
    // Resamples are asked for on the command line; the form has no field for them.
    const plain = { ...asked, copies: false, resamples: 500 };
    expect(compose(restoreEvaluation(plain))).toEqual({ ok: true, request: plain });
  });
});

describe('the quick evaluation', () => {
  it('takes the first teacher that runs and the student that is most like it', () => {
    const models = [
      model('broken', { problem: 'damaged' }), student('distillcfg', { guidanceKind: 'distillcfg' }), model('storybook'),
      student('z', { guidanceKind: 'teefusion', distilledFrom: 'z-sampling' }), student('teefusion', { guidanceKind: 'teefusion', distilledFrom: 'euler' }),
      student('other', { teacher: 'elsewhere', guidanceKind: 'teefusion', distilledFrom: 'euler' }),
    ];
    expect(firstPair(models)).toEqual(['storybook', 'teefusion']);
    expect(firstPair(models.slice(0, 4))).toEqual(['storybook', 'z']);
    expect(firstPair(models.slice(0, 3))).toEqual(['storybook', 'distillcfg']);
    expect(quickRequest(models)).toMatchObject({ models: ['storybook', 'teefusion'], count: 64 });
  });

  it('takes one model where there is no pair, and is not offered without any', () => {
    expect(firstPair([model('only')])).toEqual(['only']);
    expect(firstPair([student('alone')])).toEqual(['alone']);
    expect(quickRequest([])).toBeNull();
  });
});
