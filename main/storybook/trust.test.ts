import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { EvaluatorTrust } from '../contract/evaluation.ts';
import { corruptionNames } from './corruptions.ts';
import { describeSample } from './dataset.ts';
import { factNames, type Reading } from './evaluator.ts';
import { measureCorrupted, measureRenders, verdict, type Trust } from './trust.ts';

interface Published extends EvaluatorTrust {
  corrupted: Trust['corrupted'];
  subset: { count: number } & Trust;
}

const published = JSON.parse(await readFile(new URL('../../resources/evaluator/trust.json', import.meta.url), 'utf8')) as Published;

// About two seconds on a free machine; the limit is for one that trains meanwhile.
describe('the published figures', { timeout: 300_000 }, () => {
  let renders: Trust['renders'];
  let corrupted: Trust['corrupted'];
  beforeAll(async () => {
    renders = await measureRenders(published.subset.count);
    corrupted = await measureCorrupted(published.subset.count);
  }, 300_000);

  it('are what the contract says they are', () => {
    expect(EvaluatorTrust.parse(published)).toMatchObject({ renders: published.renders });
    expect(Object.keys(published.renders).sort()).toEqual([...factNames].sort());
  });

  it('say that at least 99 of 100 facts are read right, of every kind, and so does a new measurement of the first pictures', () => {
    for (const name of factNames) {
      expect(published.renders[name]!.value, name).toBeGreaterThanOrEqual(0.99);
      expect(renders[name].right / renders[name].asked, name).toBeGreaterThanOrEqual(0.99);
    }
  });

  it('agree with a new measurement of the first pictures', () => {
    expect(renders).toEqual(published.subset.renders);
    expect(corrupted).toEqual(published.subset.corrupted);
  });

  it('name almost nothing wrongly in spoilt pictures', () => {
    expect(published.corruptedMisread.value).toBeLessThanOrEqual(0.03);
    const misread = corruptionNames.reduce((sum, name) => sum + corrupted[name].misread, 0);
    expect(misread / published.subset.count).toBeLessThanOrEqual(0.05);
  });
});

describe('verdict', () => {
  const { scene } = describeSample(1, 0, 'one-plain');
  const [{ kind, colour }] = scene.objects as [(typeof scene.objects)[0]];
  const seen = (...objects: Partial<Reading['objects'][0]>[]): Reading => ({
    background: null, relation: null,
    objects: objects.map((object) => ({ kind, colour, size: null, place: null, x: 0.5, y: 0.5, radius: 0.2, confidence: 1, ...object })),
  });
  const otherKind = kind === 'ball' ? 'box' : 'ball';
  const otherColour = colour === 'red' ? 'blue' : 'red';

  it('takes silence for abstaining', () => {
    expect(verdict(scene, 'blurred', seen())).toBe('abstained');
    expect(verdict(scene, 'blob', seen({ kind: null }))).toBe('abstained');
  });

  it('takes the drawn object for recognised, and anything else that is named for misread', () => {
    expect(verdict(scene, 'blurred', seen({}))).toBe('recognised');
    expect(verdict(scene, 'blurred', seen({ colour: null }))).toBe('recognised');
    expect(verdict(scene, 'blurred', seen({ kind: otherKind }))).toBe('misread');
    expect(verdict(scene, 'blurred', seen({ colour: otherColour }))).toBe('misread');
    expect(verdict(scene, 'blurred', seen({}, {}))).toBe('misread');
  });

  it('allows no name where no object is whole', () => {
    expect(verdict(scene, 'two halves', seen({}))).toBe('misread');
    expect(verdict(scene, 'blob', seen({}))).toBe('misread');
  });
});

it('refuses what is no number of pictures', async () => {
  await expect(measureRenders(-1)).rejects.toMatchObject({ code: 'invalid-input' });
  await expect(measureCorrupted(1.5)).rejects.toMatchObject({ code: 'invalid-input' });
});
