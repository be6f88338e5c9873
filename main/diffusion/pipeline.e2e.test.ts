// The pipeline over a whole model on disk: tokenizer, text encoder, transformer and decoder all really run.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTinyCheckpoint, createTinyStudent } from '../../tests/fixtures/tiny.ts';
import { ModelRegistry } from '../checkpoints/registry.ts';
import { openPipelineParts, type OpenedParts } from './components.ts';
import type { Picture } from './model.ts';
import { seededNoise } from './noise.ts';
import { Pipeline } from './pipeline.ts';

const request = { prompt: 'a red boat on the sea', guidance: 4, steps: 4, seed: 7 };
let folder: string;
let teacherParts: OpenedParts;
let studentParts: OpenedParts;
let teacher: Pipeline;
let student: Pipeline;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pipeline-'));
  await createTinyCheckpoint(folder);
  await createTinyStudent(folder);
  const registry = new ModelRegistry([{ path: folder, embedded: false }]);
  const options = { threads: 1 };
  teacherParts = await openPipelineParts(await registry.resolve('storybook'), options);
  studentParts = await openPipelineParts(await registry.resolve('storybook-teefusion'), options);
  teacher = new Pipeline(teacherParts);
  student = new Pipeline(studentParts);
});

afterAll(async () => {
  await teacherParts?.close();
  await studentParts?.close();
  await rm(folder, { recursive: true, force: true });
});

function meanDifference(a: Picture, b: Picture): number {
  return a.rgb.reduce((sum, value, i) => sum + Math.abs(value - b.rgb[i]!), 0) / a.rgb.length;
}

describe('a teacher', () => {
  it('makes a picture, the same one each time', async () => {
    const previews: Picture[] = [];
    const first = await teacher.run(request, { onStep: ({ preview }) => previews.push(preview) });
    const again = await teacher.run(request);
    expect(first.picture).toMatchObject({ width: 64, height: 64 });
    expect(first.picture.rgb).toHaveLength(64 * 64 * 3);
    expect(new Set(first.picture.rgb).size).toBeGreaterThan(10);
    expect(Buffer.compare(first.picture.rgb, again.picture.rgb)).toBe(0);
    expect(first.nfe).toBe(8);
    expect(previews.map(({ width, height, rgb }) => [width, height, rgb.length])).toEqual(Array(4).fill([8, 8, 192]));
  });

  it('answers to each part of the request', async () => {
    const { picture } = await teacher.run(request);
    for (const change of [{ guidance: 8 }, { prompt: 'a blue house at night' }, { seed: 8 }, { negativePrompt: 'a green tree' }, { sampler: 'w2sd' as const }]) {
      expect(meanDifference((await teacher.run({ ...request, ...change })).picture, picture)).toBeGreaterThan(0.01);
    }
  });

  it('leaves out the branch without weight: at 1 the negative prompt has no say, at 0 the prompt has none', async () => {
    const at = async (guidance: number, prompt: string, negativePrompt: string) =>
      teacher.run({ ...request, guidance, prompt, negativePrompt });
    const [boat, boatNotTree, treeNotBoat] = [await at(1, 'a boat', ''), await at(1, 'a boat', 'a tree'), await at(0, 'a tree', 'a boat')];
    expect(boat.nfe).toBe(4);
    expect(boatNotTree.picture).toEqual(boat.picture);
    expect(treeNotBoat.picture).toEqual(boat.picture);
    expect(treeNotBoat.nfe).toBe(4);
  });

  it('finds the same velocities in one batch as branch by branch', async () => {
    const { velocityModel, textEncoder } = teacherParts;
    const branches = [{ embedding: await textEncoder.encode('a red ball') }, { embedding: await textEncoder.encode('') }];
    const latents = seededNoise(1, velocityModel.latentShape.reduce((product, extent) => product * extent, 1));
    const together = await velocityModel.velocity(latents, 0.7, branches);
    for (const [i, branch] of branches.entries()) {
      const [alone] = await velocityModel.velocity(latents, 0.7, [branch]);
      const largest = Math.max(...alone!.map(Math.abs));
      expect(largest).toBeGreaterThan(0.01);
      alone!.forEach((value, k) => expect(Math.abs(value - together[i]![k]!)).toBeLessThan(1e-5 * largest));
    }
  });
});

describe('a student', () => {
  it('makes a picture in one pass per step that answers to guidance and negative prompt', async () => {
    const first = await student.run(request);
    expect(first).toMatchObject({ nfe: 4, sampler: 'euler', warnings: [] });
    for (const change of [{ guidance: 1 }, { guidance: 8 }, { negativePrompt: 'a green tree' }]) {
      expect(meanDifference((await student.run({ ...request, ...change })).picture, first.picture)).toBeGreaterThan(0.01);
    }
    expect(Buffer.compare((await student.run(request)).picture.rgb, first.picture.rgb)).toBe(0);
  });

  it('says where its guidance range ends, as its files tell', async () => {
    expect((await student.run({ ...request, guidance: 10 })).warnings.map(({ code }) => code)).toEqual(['guidance-range']);
  });
});

it('stops a run over a network that blocks the event loop', async () => {
  const controller = new AbortController();
  const steps: number[] = [];
  setTimeout(() => controller.abort(), 0);
  const run = teacher.run({ ...request, steps: 200 }, { signal: controller.signal, onStep: ({ step }) => steps.push(step) });
  await expect(run).rejects.toMatchObject({ code: 'cancelled' });
  expect(steps.length).toBeLessThan(100);
});
