import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CompareRequest, Seed, type ModelInfo, type RunRecord } from '../../main/contract/schemas.ts';
import { drawSeed, effectiveGuidance, firstForm, restore, studentFor, toRequest } from './form-state.ts';

const model = (id: string, more: Partial<ModelInfo>): ModelInfo => ({
  id, name: id, kind: 'student', guidanceKind: 'teefusion', teacher: 'storybook', distilledFrom: 'euler', distilledSteps: null,
  guidanceRange: [1, 9], width: 128, height: 128, bytes: 1, precision: 'float16', licence: 'Apache-2.0', hash: '', embedded: true,
  card: null, problem: null, ...more,
});

describe('the form', () => {
  it('makes a request that the contract accepts, guidance 0 and 1 included', () => {
    for (const guidance of [0, 1, 5, 30]) {
      const request = toRequest({ ...firstForm, guidance });
      expect(CompareRequest.parse(request)).toMatchObject({ guidance, prompt: 'a red boat on the sea' });
    }
  });

  it('sends reflection settings only with a sampler that reflects', () => {
    const reflection = { inversionGuidance: 0 };
    expect(toRequest({ ...firstForm, reflection }).reflection).toEqual({});
    expect(toRequest({ ...firstForm, reflection, sampler: 'z-sampling' }).reflection).toEqual(reflection);
  });

  it('takes a run over as it was and locks its seed', () => {
    const run: RunRecord = {
      id: 'r', kind: 'compare', state: 'done', createdAt: '2026-01-01T00:00:00.000Z', prompt: 'a ball', negativePrompt: 'red',
      guidance: 0, steps: 1, seed: 0, sampler: 'w2sd', reflection: { weakGuidance: 0 }, teacher: 'storybook', student: 'mine',
      count: 1, verdict: null, warnings: [], error: null, images: [],
    };
    expect(restore(run, { ...firstForm, seedLocked: false })).toEqual({
      prompt: 'a ball', negativePrompt: 'red', guidance: 0, steps: 1, seed: 0, seedLocked: true, sampler: 'w2sd',
      reflection: { weakGuidance: 0 }, teacher: 'storybook', student: 'mine',
    });
  });

  it('tells the effective scale of each sampler', () => {
    expect(effectiveGuidance({ guidance: 5.5, sampler: 'euler', reflection: {} })).toBe(5.5);
    expect(effectiveGuidance({ guidance: 5.5, sampler: 'z-sampling', reflection: { inversionGuidance: 0 } })).toBe(11);
    expect(effectiveGuidance({ guidance: 3.5, sampler: 'z-sampling', reflection: {} })).toBe(6.5);
    expect(effectiveGuidance({ guidance: 5.5, sampler: 'w2sd', reflection: {} })).toBe(10);
  });

  it('draws seeds of 32 bits only', () => {
    expect(drawSeed(() => 0)).toBe(0);
    expect(drawSeed(() => 1 - Number.EPSILON)).toBe(4294967295);
    fc.assert(fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (random) => {
      expect(Seed.safeParse(drawSeed(() => random)).success).toBe(true);
    }));
  });

  it('finds the student of the sampler, else the TeEFusion one, never a damaged one or another teacher’s', () => {
    const euler = model('euler', {});
    const z = model('z', { distilledFrom: 'z-sampling' });
    const form = { student: null, teacher: 'storybook', sampler: 'z-sampling' as const };
    expect(studentFor(form, [euler, z])).toBe(z);
    expect(studentFor(form, [euler])).toBe(euler);
    expect(studentFor(form, [model('z', { distilledFrom: 'z-sampling', problem: 'cut off' }), euler])).toBe(euler);
    expect(studentFor(form, [model('foreign', { teacher: 'sd3' })])).toBeNull();
    expect(studentFor({ ...form, student: 'euler' }, [euler, z])).toBe(euler);
    expect(studentFor({ ...form, student: 'gone' }, [euler, z])).toBeNull();
  });
});
