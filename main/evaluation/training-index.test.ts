import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderBatch } from '../storybook/dataset.ts';
import { MemorisationCheck } from './memorisation.ts';
import { descriptorDistance, descriptorLength, NearestSearch } from './nearest.ts';
import type { Pixels } from './record.ts';
import { renderedDescriptors, type RenderedSet } from './rendered.ts';
import { isSketchOf, mayBeNearer, outline, sketch } from './sketch.ts';
import { trainingIndex, TrainingIndex } from './training-index.ts';

describe('a sketch', () => {
  const bytes = fc.uint8Array({ minLength: descriptorLength, maxLength: descriptorLength });
  const flat = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)).map((colour) => Uint8Array.from({ length: descriptorLength }, (_, i) => colour[i % 3]!));

  it('never rules out a descriptor that is nearer', () => {
    fc.assert(fc.property(fc.oneof(bytes, flat), fc.oneof(bytes, flat), fc.double({ min: 0, max: 1, noNaN: true }), (a, b, share) => {
      // Between the two, so that near ones are tried as well.
      const between = a.map((value, i) => Math.round(value + share ** 4 * (b[i]! - value)));
      const distance = descriptorDistance(a, between);
      expect(mayBeNearer(outline(a), distance, sketch(between))).toEqual([0]);
    }), { numRuns: 300 });
  });

  it('rules out what is far, and knows its own descriptor', () => {
    const dark = new Uint8Array(descriptorLength).fill(40);
    const light = new Uint8Array(descriptorLength).fill(90);
    const both = Int8Array.from([...sketch(dark), ...sketch(light)]);
    expect(mayBeNearer(outline(dark), 0.05, both)).toEqual([0]);
    expect(mayBeNearer(outline(light), 0.05, both)).toEqual([1]);
    expect(isSketchOf(sketch(dark), dark.map((value, i) => value + (i % 7 === 0 ? 1 : 0)))).toBe(true);
    expect(isSketchOf(sketch(dark), light)).toBe(false);
  });
});

// Seconds on a free machine; the limit is for one that trains meanwhile.
describe('the index of training pictures', { timeout: 120_000 }, () => {
  const sets: RenderedSet[] = [{ stage: 'one', seed: 2, count: 24, heldOut: 'exclude' }, { stage: 'two', seed: 3, count: 12, heldOut: 'exclude' }];
  const thresholds = { 1: 0.03, 2: 0.05 };
  let folder: string;
  let descriptors: Uint8Array;
  const file = (): string => path.join(folder, 'index');
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'index-'));
    descriptors = await renderedDescriptors(folder, sets);
    await writeFile(file(), await trainingIndex(sets, thresholds, descriptors));
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('finds the copies that a search through all of them finds, and draws few', async () => {
    const whole = new MemorisationCheck(new NearestSearch(descriptors), thresholds);
    const index = (await TrainingIndex.open(file(), sets))!;
    const drawn = await Promise.all([...sets, { ...sets[0]!, seed: 901 }].map(({ stage, seed }) => renderBatch({ stage, seed, start: 0, count: 10 })));
    const pictures = drawn.flat().flatMap(({ rgb, scene }, i): { picture: Pixels; objects: 1 | 2 }[] => {
      const noise = rgb.map((value, k) => Math.max(0, Math.min(255, value + ((k * 7919 + i * 31) % 61) - 30 + i)));
      return [rgb, noise].map((bytes) => ({ picture: { width: 128, height: 128, rgb: bytes }, objects: scene.objects.length === 1 ? 1 : 2 }));
    });
    const found = await Promise.all(pictures.map(({ picture, objects }) => index.isCopy(picture, objects)));
    expect(found).toEqual(pictures.map(({ picture, objects }) => whole.isCopy(picture, objects)));
    expect(found.filter(Boolean).length).toBeGreaterThan(19);
    expect(found.filter((copy) => !copy).length).toBeGreaterThan(9);
    expect(index.drawn).toBeLessThan(36);
  });

  it('is not used when it is not there, torn, of other pictures, or of a world that is drawn otherwise', async () => {
    expect(await TrainingIndex.open(path.join(folder, 'nothing'), sets)).toBeNull();
    expect(await TrainingIndex.open(file(), [sets[0]!])).toBeNull();
    expect(await TrainingIndex.open(file(), [{ ...sets[0]!, seed: 5 }, sets[1]!])).toBeNull();
    const other = path.join(folder, 'other');
    const whole = await trainingIndex(sets, thresholds, descriptors);
    await writeFile(other, whole.subarray(0, whole.length - 50));
    expect(await TrainingIndex.open(other, sets)).toBeNull();
    await writeFile(other, 'nonsense');
    expect(await TrainingIndex.open(other, sets)).toBeNull();
    await writeFile(other, await trainingIndex(sets, thresholds, descriptors.map((value, i) => (i < descriptorLength ? 255 - value : value))));
    expect(await TrainingIndex.open(other, sets)).toBeNull();
    await expect(trainingIndex(sets, thresholds, descriptors.subarray(descriptorLength))).rejects.toThrow('36 pictures');
  });

  it('that is published is of the pictures that the teacher learns from, as they are drawn today', async () => {
    const published = path.join(import.meta.dirname, '../../resources/evaluation/training-pictures.idx');
    // Else: node scripts/node.mjs scripts/measure/training-index.ts
    const index = await TrainingIndex.open(published);
    expect(index).not.toBeNull();
    const [sample] = await renderBatch({ stage: 'two', seed: 3, start: 7, count: 1 });
    expect(await index!.isCopy({ width: 128, height: 128, rgb: sample!.rgb }, 2)).toBe(true);
  });
});
