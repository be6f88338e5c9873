import { describe, expect, it } from 'vitest';
import { StudioError } from '../contract/errors.ts';
import { parseSampleRequest, requestWarnings, type SampleRequestInput } from './request.ts';

const request: SampleRequestInput = { prompt: 'a red boat', guidance: 5, steps: 20, seed: 7 };
const codes = (input: Partial<SampleRequestInput>, student: Parameters<typeof requestWarnings>[1] = null) =>
  requestWarnings(parseSampleRequest({ ...request, ...input }), student).map(({ code }) => code);

describe('parseSampleRequest', () => {
  it('fills in what has a default and keeps 0 as it is', () => {
    expect(parseSampleRequest({ ...request, guidance: 0, seed: 0 })).toMatchObject({
      guidance: 0, seed: 0, negativePrompt: '', sampler: 'euler', reflection: {},
    });
  });

  it.each([
    ['guidance', Number.NaN], ['guidance', -1], ['steps', 0], ['steps', 2.5], ['seed', -1], ['seed', 2 ** 32], ['sampler', 'heun'],
    ['prompt', 7], ['reflection', { weakGuidance: -1 }],
  ])('names the field that is wrong: %s = %s', (field, value) => {
    const parse = () => parseSampleRequest({ ...request, [field]: value } as SampleRequestInput);
    expect(parse).toThrow(StudioError);
    expect(parse).toThrow(field);
  });
});

describe('requestWarnings', () => {
  const student = { distilledFrom: 'z-sampling', distilledSteps: 20, guidanceRange: [1, 9] } as const;

  it('says nothing where a student does what it learned', () => {
    expect(codes({}, student)).toEqual([]);
    expect(codes({ sampler: 'z-sampling', guidance: 1 }, student)).toEqual([]);
    expect(codes({ guidance: 0, steps: 3 }, { distilledFrom: null, distilledSteps: null, guidanceRange: null })).toEqual([]);
  });

  it('says where a student has to guess', () => {
    expect(codes({ guidance: 9.5 }, student)).toEqual(['guidance-range']);
    expect(codes({ guidance: 0.5 }, student)).toEqual(['guidance-range']);
    expect(codes({ steps: 10 }, student)).toEqual(['distilled-steps']);
    expect(codes({ sampler: 'w2sd' }, student)).toEqual(['student-sampler']);
  });

  it('says where fewer of a teacher\'s steps reflect than were asked for', () => {
    expect(codes({ sampler: 'w2sd', reflection: { steps: 20 } })).toEqual(['reflection-steps']);
    expect(codes({ sampler: 'w2sd', reflection: { steps: 19 } })).toEqual([]);
    expect(codes({ sampler: 'w2sd' })).toEqual([]);
    expect(codes({ reflection: { steps: 20 } })).toEqual([]);
  });
});
