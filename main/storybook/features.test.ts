import { beforeAll, describe, expect, it } from 'vitest';
import { blurred } from './corruptions.ts';
import { renderBatch, type Sample } from './dataset.ts';
import { featureCount, features } from './features.ts';
import { createRng } from './rng.ts';
import { contrast, saturation } from './tone.ts';

const flat = (r: number, g: number, b: number): Uint8Array => Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => [r, g, b][i % 3]!);
const distance = (a: Float64Array, b: Float64Array): number => Math.hypot(...a.map((x, i) => x - b[i]!));

describe('features', () => {
  let pictures: Sample[];
  beforeAll(async () => { pictures = await renderBatch({ seed: 12, start: 0, count: 4, stage: 'one' }); }, 60_000);

  it('are of one length and finite for any picture', async () => {
    const rng = createRng(5);
    const noise = Uint8Array.from({ length: 64 * 64 * 3 }, () => rng.below(256));
    for (const rgb of [flat(0, 0, 0), flat(255, 255, 255), noise]) {
      const vector = await features(rgb, 64);
      expect(vector).toHaveLength(featureCount);
      expect([...vector].every(Number.isFinite)).toBe(true);
    }
    expect(await features(pictures[0]!.rgb, 128)).toHaveLength(featureCount);
  });

  it('are the same for the same picture, near for a softer one, far for another', async () => {
    const [first, second] = pictures.map(({ rgb }) => rgb);
    const own = await features(first!, 128);
    expect(await features(first!, 128)).toEqual(own);
    const softer = distance(own, await features(await blurred(first!, 0.8), 128));
    expect(softer).toBeGreaterThan(0);
    expect(softer).toBeLessThan(0.2 * distance(own, await features(second!, 128)));
  });

  it('refuse bytes that are no picture of that size', async () => {
    await expect(features(new Uint8Array(12), 128)).rejects.toMatchObject({ code: 'invalid-input' });
  });
});

describe('saturation and contrast', () => {
  it('are 0 for one gray, and for no pixels', () => {
    for (const rgb of [flat(90, 90, 90), new Uint8Array(0)]) {
      expect(saturation(rgb)).toBe(0);
      expect(contrast(rgb)).toBe(0);
    }
  });

  it('are 1 at the ends of their scales', () => {
    expect(saturation(flat(255, 0, 0))).toBe(1);
    expect(saturation(flat(0, 255, 255))).toBe(1);
    const halves = Uint8Array.from({ length: 600 }, (_, i) => (i < 300 ? 0 : 255));
    expect(contrast(halves)).toBeCloseTo(1, 12);
  });

  it('follow their formulas between', () => {
    expect(saturation(flat(200, 100, 49))).toBeCloseTo(151 / 255, 12);
    const twoTones = Uint8Array.from([100, 100, 100, 151, 151, 151]);
    expect(contrast(twoTones)).toBeCloseTo(25.5 / 127.5, 12);
  });
});
