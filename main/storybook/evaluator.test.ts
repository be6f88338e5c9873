import { beforeAll, describe, expect, it } from 'vitest';
import sharp from 'sharp';
import { describeSample, renderBatch, type Sample } from './dataset.ts';
import { compare, factNames, judge, readPicture, type Judgement, type Reading } from './evaluator.ts';
import { renderScene } from './render.ts';
import { createRng } from './rng.ts';
import { facts, type Facts } from './scene.ts';
import { backgrounds } from './vocabulary.ts';

async function blurred(rgb: Uint8Array, sigma: number): Promise<Uint8Array> {
  return new Uint8Array(await sharp(rgb, { raw: { width: 128, height: 128, channels: 3 } }).blur(sigma).raw().toBuffer());
}

function noisy(rgb: Uint8Array, amplitude: number): Uint8Array {
  const rng = createRng(1);
  return rgb.map((value) => Math.max(0, Math.min(255, Math.round(value + rng.between(-amplitude, amplitude)))));
}

/** Share of pictures in which each fact was read rightly. */
function shares(judgements: Judgement[]): Record<string, number> {
  return Object.fromEntries(factNames.map((name) => {
    const judged = judgements.filter(({ perFact }) => perFact[name] !== null);
    return [name, judged.length === 0 ? 1 : judged.filter(({ perFact }) => perFact[name]).length / judged.length];
  }));
}

const judgeAll = async (samples: Sample[], change: (rgb: Uint8Array) => Uint8Array | Promise<Uint8Array> = (rgb) => rgb): Promise<Judgement[]> => {
  const judgements: Judgement[] = [];
  for (const { rgb, scene } of samples) judgements.push(await judge(await change(rgb), 128, facts(scene)));
  return judgements;
};

// Seconds on a free machine; the limit is for one that trains meanwhile.
describe('on fresh renders', { timeout: 300_000 }, () => {
  let one: Sample[];
  beforeAll(async () => { one = await renderBatch({ seed: 404, start: 0, count: 60, stage: 'one', heldOut: 'any' }); });

  it('reads every fact of one object in at least 98 of 100 pictures', async () => {
    const right = shares(await judgeAll(one));
    console.log(`facts read rightly from ${one.length} fresh renders of one object: ${JSON.stringify(right)}`);
    for (const [name, share] of Object.entries(right)) expect(share, name).toBeGreaterThanOrEqual(0.98);
  });

  it('forgives the softness and grain of generated pictures', async () => {
    const soft = shares(await judgeAll(one.slice(0, 24), async (rgb) => noisy(await blurred(rgb, 1.5), 12)));
    for (const [name, share] of Object.entries(soft)) expect(share, name).toBeGreaterThanOrEqual(0.95);
  });

  it('reads two objects and how they stand', async () => {
    const two = await renderBatch({ seed: 405, start: 0, count: 24, stage: 'two', heldOut: 'any' });
    for (const [name, share] of Object.entries(shares(await judgeAll(two)))) expect(share, name).toBeGreaterThanOrEqual(0.95);
  });

  it('finds a picture wrong that shows anything else', async () => {
    for (let i = 0; i + 1 < 10; i += 1) {
      const other = facts(one[i + 1]!.scene);
      const { perFact, allCorrect } = await judge(one[i]!.rgb, 128, other);
      const mine = facts(one[i]!.scene);
      for (const name of ['kind', 'colour'] as const) expect(perFact[name], one[i]!.caption).toBe(mine.objects[0]![name] === other.objects[0]![name]);
      expect(perFact.background).toBe(mine.background === other.background);
      expect(allCorrect).toBe(false);
    }
  });
});

describe('where there is nothing to read', () => {
  it('sees no object in an empty background', async () => {
    for (const background of backgrounds) {
      const reading = await readPicture(await renderScene({ background, objects: [], relation: null, look: 5 }), 128);
      expect(reading).toEqual({ background, objects: [], relation: null });
    }
  });

  it('sees nothing in noise, coarse or fine', async () => {
    for (const cells of [128, 16, 4]) {
      const rng = createRng(cells);
      const grid = Array.from({ length: cells * cells * 3 }, () => rng.below(256));
      const rgb = Uint8Array.from({ length: 128 * 128 * 3 }, (_, i) => {
        const [x, y] = [Math.floor(i / 3) % 128, Math.floor(i / 384)].map((v) => Math.floor((v * cells) / 128));
        return grid[(y! * cells + x!) * 3 + (i % 3)]!;
      });
      expect((await readPicture(rgb, 128)).objects).toEqual([]);
    }
  });

  it('does not name what is blurred beyond recognition', async () => {
    for (let index = 0; index < 8; index += 1) {
      const { scene } = describeSample(6, index, 'one');
      const { objects } = await readPicture(await blurred(await renderScene(scene), 16), 128);
      expect(objects.filter(({ kind }) => kind !== null && kind !== scene.objects[0]!.kind)).toEqual([]);
    }
  });

  it('refuses bytes that are no picture of that size', async () => {
    await expect(readPicture(new Uint8Array(10), 128)).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(readPicture(new Uint8Array(32 * 32 * 3), 32)).rejects.toMatchObject({ code: 'invalid-input' });
  });
});

describe('compare', () => {
  const ball = { kind: 'ball', colour: 'red', size: 'medium', place: null } as const;
  const house = { kind: 'house', colour: 'blue', size: 'medium', place: null } as const;
  const where = { x: 0.5, y: 0.5, radius: 0.2, confidence: 1 };
  const stated: Facts = { background: null, objects: [{ ...ball, size: null }, { ...house, size: null }], relation: 'left of' };
  const reading: Reading = { background: 'white', objects: [{ ...house, ...where }, { ...ball, ...where }], relation: 'right of' };

  it('does not mind the order in which objects are found', () => {
    expect(compare(stated, reading)).toMatchObject({ allCorrect: true, perFact: { background: null, size: null, relation: true } });
    expect(compare({ ...stated, relation: 'right of' }, reading)).toMatchObject({ allCorrect: false, perFact: { kind: true, relation: false } });
  });

  it('counts what is missing or not clear as wrong', () => {
    expect(compare(stated, { ...reading, objects: [{ ...ball, ...where }], relation: null }).perFact).toMatchObject({ count: false, kind: false, relation: false });
    expect(compare(stated, { ...reading, objects: [{ ...house, ...where, colour: null }, { ...ball, ...where }] }).perFact).toMatchObject({ count: true, colour: false, kind: true });
  });
});
