import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { describeSample, heldOutPrompts, isHeldOut, renderBatch, samples } from './dataset.ts';
import { stages } from './grammar.ts';
import { parseCaption } from './parse.ts';
import { examplePrompts } from './suggestions.ts';
import { backgrounds, colours, kinds } from './vocabulary.ts';
import type { Scene } from './scene.ts';

const hash = (rgb: Uint8Array): string => createHash('sha256').update(rgb).digest('hex');

describe('batches', () => {
  it('give the same samples however they are cut', async () => {
    const whole = await renderBatch({ seed: 3, start: 0, count: 6, stage: 'two', size: 64 });
    const parts = [
      ...await renderBatch({ seed: 3, start: 0, count: 1, stage: 'two', size: 64 }),
      ...await renderBatch({ seed: 3, start: 1, count: 5, stage: 'two', size: 64 }),
    ];
    expect(parts.map(({ rgb, ...rest }) => ({ ...rest, hash: hash(rgb) }))).toEqual(whole.map(({ rgb, ...rest }) => ({ ...rest, hash: hash(rgb) })));
    expect(new Set(whole.map(({ rgb }) => hash(rgb))).size).toBe(6);
    expect(whole.every(({ rgb }) => rgb.length === 64 * 64 * 3)).toBe(true);
  });

  it('stream on across chunks', async () => {
    const seen: number[] = [];
    for await (const sample of samples({ seed: 1, start: 5, stage: 'one', size: 16 })) {
      seen.push(sample.index);
      if (sample.index === 21) expect(sample.caption).toBe(describeSample(1, 21, 'one').caption);
      if (seen.length === 20) break;
    }
    expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => i + 5));
  });

  it('refuse numbers out of range', async () => {
    await expect(renderBatch({ seed: 1, start: -1, count: 2, stage: 'one' })).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(renderBatch({ seed: 0.5, start: 0, count: 2, stage: 'one' })).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(renderBatch({ seed: 1, start: 0, count: 1, stage: 'one', size: 7 })).rejects.toMatchObject({ code: 'invalid-input' });
  });
});

describe('held-out combinations', () => {
  const combination = (kind: Scene['objects'][number]['kind'], colour: Scene['objects'][number]['colour'], background: Scene['background']): Scene => ({
    background, relation: null, look: 0, objects: [{ kind, colour, size: 'medium', x: 0.5, y: 0.5, radius: 0.25 }],
  });

  it('are about a tenth of all, and some of every object and colour', () => {
    const all = kinds.flatMap((kind) => colours.flatMap((colour) => backgrounds.map((background) => combination(kind, colour, background))));
    const held = all.filter(isHeldOut);
    expect(held.length / all.length).toBeGreaterThan(0.08);
    expect(held.length / all.length).toBeLessThan(0.12);
    expect(new Set(held.map(({ objects }) => objects[0]!.kind)).size).toBe(kinds.length);
    expect(new Set(held.map(({ objects }) => objects[0]!.colour)).size).toBe(colours.length);
  });

  it('never reach training', () => {
    for (const stage of stages) {
      for (let index = 0; index < 2000; index += 1) expect(isHeldOut(describeSample(11, index, stage).scene)).toBe(false);
    }
  });

  it('do not include the prompts the studio suggests', () => {
    for (const prompt of examplePrompts) {
      const stated = parseCaption(prompt)!;
      const scene: Scene = {
        background: stated.background ?? 'white', relation: stated.relation, look: 0,
        objects: stated.objects.map(({ kind, colour }) => ({ kind: kind!, colour: colour!, size: 'medium', x: 0.5, y: 0.5, radius: 0.2 })),
      };
      expect(isHeldOut(scene), prompt).toBe(false);
    }
  });
});

describe('the published prompts', () => {
  it('stay what they are', () => {
    const digest = createHash('sha256').update(JSON.stringify(stages.map((stage) => heldOutPrompts(30, stage)))).digest('hex');
    expect(digest).toBe('5ddd7c0c0323fd48216022358671839f2bcc91806b0bff09ebe7d910513434a2');
  });

  it('are different, and longer lists begin with shorter ones', () => {
    const prompts = heldOutPrompts(60, 'one');
    expect(new Set(prompts.map(({ prompt }) => prompt)).size).toBe(60);
    expect(prompts.slice(0, 10)).toEqual(heldOutPrompts(10, 'one'));
  });

  it('say when there are not so many', () => {
    expect(() => heldOutPrompts(5000, 'one-plain')).toThrow(/only \d+ different/);
  });
});
