import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf, picture, sampleImage } from '../test-support.ts';
import { metadataOf, metadataTexts, parametersLine, readMetadata } from './metadata.ts';
import { encodePng } from './png.ts';
import { writePngTexts } from './png-text.ts';

const size = { width: 16, height: 12 };
const sample = metadataOf({ ...sampleImage('r'), ...size });
const png = await encodePng(picture(1), {});

describe('the metadata of a picture', () => {
  it('comes back from its PNG for any prompt', () => {
    const prompt = fc.string({ unit: 'binary', maxLength: 100 }).map((text) => text.toWellFormed());
    fc.assert(fc.property(prompt, prompt, fc.double({ min: 0, max: 30, noNaN: true }), (positive, negative, guidance) => {
      const metadata = metadataOf({ ...sample, prompt: positive, negativePrompt: negative, guidance: guidance + 0, reflection: { guard: true, steps: 3 } });
      expect(readMetadata(writePngTexts(png, metadataTexts(metadata)))).toEqual(metadata);
    }), { numRuns: 60 });
  });

  it('is the same text for the same picture, whatever it cost and in whatever order its values came', () => {
    const made = { ...sampleImage('first', { ms: 1, reflection: { steps: 2, guard: false } }), ...size };
    const again = { ...size, ...Object.fromEntries(Object.entries(sampleImage('second', { role: 'single', ms: 9, decodeMs: 4, reflection: { guard: false, steps: 2 } })).reverse()) } as typeof made;
    expect(metadataTexts(metadataOf(again))).toEqual(metadataTexts(metadataOf(made)));
  });

  it('is told apart from that of other programs, newer studios and damage', async () => {
    expect(readMetadata(png)).toBeNull();
    const chunk = (value: unknown) => writePngTexts(png, { teefusion: typeof value === 'string' ? value : JSON.stringify(value) });
    expect(await codeOf(() => readMetadata(chunk({ ...sample, version: 2, more: true })))).toBe('unsupported');
    for (const damaged of ['', '{', 'null', '[]', { ...sample, steps: '20' }, { ...sample, seed: undefined }, { ...sample, model: '../up' }]) {
      expect(await codeOf(() => readMetadata(chunk(damaged)))).toBe('corrupt-file');
    }
  });
});

describe('the parameters line', () => {
  it('reads as AUTOMATIC1111 writes it', () => {
    expect(parametersLine({ ...sample, negativePrompt: 'blur, noise' })).toBe(
      'a red boat on the sea\nNegative prompt: blur, noise\n'
      + 'Steps: 20, Sampler: Euler, CFG scale: 5, Seed: 7, Size: 16x12, Model: storybook, Model hash: 0123456789, RNG: torch-mt19937');
  });

  it('names a reflection and leaves out an empty negative prompt, but no zero', () => {
    expect(parametersLine({ ...sample, guidance: 0, seed: 0, sampler: 'z-sampling', reflection: { steps: 19, inversionGuidance: 0, guard: false } })).toBe(
      'a red boat on the sea\n'
      + 'Steps: 20, Sampler: Z-Sampling, CFG scale: 0, Seed: 0, Size: 16x12, Model: storybook, Model hash: 0123456789, '
      + 'Reflection steps: 19, Inversion guidance: 0, Reflection guard: false, RNG: torch-mt19937');
  });
});
