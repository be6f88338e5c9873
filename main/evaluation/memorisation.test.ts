import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeSample, renderBatch } from '../storybook/dataset.ts';
import { renderScene } from '../storybook/render.ts';
import { MemorisationCheck } from './memorisation.ts';
import { descriptorLength } from './nearest.ts';
import { renderedDescriptors, type RenderedSet } from './rendered.ts';

const sets: RenderedSet[] = [{ stage: 'one', seed: 2, count: 48, heldOut: 'exclude' }, { stage: 'two', seed: 3, count: 16, heldOut: 'exclude' }];
const [one, two] = sets as [RenderedSet, RenderedSet];
let folder: string;
beforeAll(async () => { folder = await mkdtemp(path.join(tmpdir(), 'memory-')); });
afterAll(async () => { await rm(folder, { recursive: true, force: true }); });

// Seconds on a free machine; the limit is for one that trains meanwhile.
describe('the kept descriptors', { timeout: 120_000 }, () => {
  const progress: string[] = [];
  const read = (wanted = sets): Promise<Uint8Array> => {
    progress.length = 0;
    return renderedDescriptors(folder, wanted, { onProgress: (done, total) => progress.push(`${done}/${total}`) });
  };
  const file = (): string => path.join(folder, 'renders-one-exclude-2.oklab16');

  it('are drawn once', async () => {
    const drawn = await read();
    expect(drawn.length).toBe(64 * descriptorLength);
    expect(progress).toEqual(['32/64', '48/64', '64/64']);
    expect(await read()).toEqual(drawn);
    expect(progress).toEqual([]);
  });

  it('go on where they stopped, whole or torn', async () => {
    const whole = await read();
    for (const damage of [
      (content: Uint8Array) => content.subarray(0, 33 * descriptorLength + 100),
      (content: Uint8Array) => content.fill(0, 40 * descriptorLength + 9, 41 * descriptorLength),
    ]) {
      await writeFile(file(), damage(new Uint8Array(await readFile(file()))));
      expect(await read()).toEqual(whole);
      expect(progress.length).toBeGreaterThan(0);
    }
    expect((await stat(file())).size).toBe(48 * descriptorLength);
  });

  it('are the beginning of a longer list', async () => {
    expect(await read([{ ...one, count: 20 }, two])).toEqual(Buffer.concat([(await read([one])).subarray(0, 20 * descriptorLength), await read([two])]));
  });

  it('are drawn again when the world is drawn otherwise', async () => {
    const whole = await read();
    await writeFile(file(), new Uint8Array(await readFile(file())).fill(200, 0, 30));
    expect(await read()).toEqual(whole);
    expect(progress.at(-1)).toBe('48/48');
  });

  it('can be stopped, and lose nothing', async () => {
    const stop = new AbortController();
    const more = [{ ...one, seed: 77, count: 96 }];
    const started = renderedDescriptors(folder, more, { signal: stop.signal, onProgress: () => stop.abort() });
    await expect(started).rejects.toMatchObject({ code: 'cancelled' });
    await read(more);
    expect(progress).toEqual(['32/64', '64/64']);
  });

  it('need a folder that can be written', async () => {
    await expect(renderedDescriptors(file(), sets)).rejects.toMatchObject({ code: 'permission' });
  });
});

describe('a copy', { timeout: 120_000 }, () => {
  let check: MemorisationCheck;
  beforeAll(async () => { check = await MemorisationCheck.open(folder, { sets, yardstick: 40 }); }, 120_000);

  it('is a training picture, also a soft or grainy one', async () => {
    const [sample] = await renderBatch({ seed: 2, start: 30, count: 1, stage: 'one' });
    const picture = { width: 128, height: 128, rgb: sample!.rgb };
    expect(check.nearest(picture)).toEqual({ index: 30, distance: 0 });
    expect(check.isCopy(picture, 1)).toBe(true);
    const grainy = { ...picture, rgb: picture.rgb.map((value, i) => Math.max(0, Math.min(255, value + ((i * 7919) % 17) - 8))) };
    expect(check.nearest(grainy).index).toBe(30);
    expect(check.isCopy(grainy, 1)).toBe(true);
  });

  it('is not what is merely of the same kind', async () => {
    // The same scene with another look and a little elsewhere, and a scene that training never shows.
    const { scene } = describeSample(2, 30, 'one');
    const [thing] = scene.objects;
    const moved = { ...scene, look: 1, objects: [{ ...thing!, x: thing!.x + 0.06, radius: thing!.radius * 0.9 }] };
    for (const other of [moved, describeSample(5, 1, 'one', 'only').scene]) {
      expect(check.isCopy({ width: 128, height: 128, rgb: await renderScene(other) }, 1)).toBe(false);
    }
  });

  it('is told by thresholds that are found once, and again when the file that keeps them is damaged', async () => {
    const open = (): Promise<MemorisationCheck> => MemorisationCheck.open(folder, { sets, yardstick: 40 });
    const kept = (await readdir(folder)).filter((name) => name.startsWith('thresholds-'));
    expect(kept).toHaveLength(1);
    const file = path.join(folder, kept[0]!);
    await writeFile(file, '{"1": 0.25, "2": 0.5}');
    expect((await open()).thresholds).toEqual({ 1: 0.25, 2: 0.5 });
    for (const damaged of ['{"1": 0.2', '{"1": 0, "2": 1}', '']) {
      await writeFile(file, damaged);
      expect((await open()).thresholds).toEqual(check.thresholds);
    }
  });

  it('has thresholds that one in a hundred unseen scenes falls below', () => {
    expect(check.thresholds[1]).toBeGreaterThan(0.005);
    expect(check.thresholds[2]).toBeGreaterThan(0.005);
    expect(check.thresholds[1]).toBeLessThan(0.5);
  });
});
