import { describe, expect, it } from 'vitest';
import { judgedFacts, seenWords } from '../evaluation/record.ts';
import { renderBatch } from '../storybook/dataset.ts';
import { judge } from '../storybook/evaluator.ts';
import { features } from '../storybook/features.ts';
import { facts as factsOf } from '../storybook/scene.ts';
import { judgePicture } from './evaluation-eye.ts';

describe('judgePicture', { timeout: 60_000 }, () => {
  it('sees in one look what judge and features see in one each', async () => {
    for (const { rgb, scene } of await renderBatch({ seed: 31, start: 0, count: 2, stage: 'two' })) {
      const facts = factsOf(scene);
      const judged = await judgePicture({ picture: { width: 128, height: 128, rgb }, facts });
      const judgement = await judge(rgb, 128, facts);
      expect(judged).toMatchObject({ facts: judgedFacts(judgement), allCorrect: true, seen: seenWords(judgement.reading) });
      for (const [i, value] of (await features(rgb, 128)).entries()) expect(judged.features![i]).toBeCloseTo(value, 5);
    }
  });

  it('measures features without facts to judge, and neither where it does not look', async () => {
    const [sample] = await renderBatch({ seed: 31, start: 0, count: 1, stage: 'one' });
    const { rgb } = sample!;
    const judged = await judgePicture({ picture: { width: 128, height: 128, rgb }, facts: null });
    expect(judged).toMatchObject({ facts: null, allCorrect: null, seen: '' });
    expect(judged.features).not.toBeNull();
    const wide = await judgePicture({ picture: { width: 128, height: 64, rgb: rgb.subarray(0, 128 * 64 * 3) }, facts: null });
    expect(wide).toMatchObject({ facts: null, features: null });
    expect(wide.saturation).toBeGreaterThan(0);
  });
});
