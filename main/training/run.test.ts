// Long training: schedule, checkpoints, stopping and going on as if nothing had happened.
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { geluTanh, linear, at } from '../networks/layers.ts';
import { Parameters, type ParameterSpec } from './parameters.ts';
import { TrainingRandom } from './random.ts';
import { averageRateAt, learningRateAt, resumeFrom, runTraining, saveCheckpoint, type RunOptions } from './run.ts';
import { Trainer, type Loss } from './trainer.ts';

const layer = (name: string, out: number, into: number): ParameterSpec[] => [
  { name: `${name}.weight`, shape: [out, into], init: { kind: 'xavier', fanIn: into, fanOut: out }, trainable: true },
  { name: `${name}.bias`, shape: [out], init: { kind: 'zeros' }, trainable: true },
];
const specs = [...layer('one', 16, 4), ...layer('two', 2, 16), { name: 'unused', shape: [3], init: { kind: 'ones' }, trainable: false } satisfies ParameterSpec];
const loss: Loss<'x'> = (w, { x }) => linear(at(w, 'two'), geluTanh(linear(at(w, 'one'), x))).sub(tf.slice(x, [0, 0], [8, 2]).square()).square().mean();

let folder: string;
const open: Trainer<'x'>[] = [];
beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), 'training-'))));
afterEach(async () => {
  for (const trainer of open.splice(0)) await trainer.close();
  await rm(folder, { recursive: true });
});

async function trainer(): Promise<Trainer<'x'>> {
  const made = await Trainer.create(new Parameters(specs, 11), { x: { dtype: 'float32', shape: [8, 4] } }, loss, {}, { threads: 1 });
  open.push(made);
  return made;
}

const options = (changes: Partial<RunOptions<'x'>> = {}): RunOptions<'x'> => ({
  steps: 12, learningRate: 0.02, warmup: 3, finalShare: 0.1, averageDecay: 0.9, folder: path.join(folder, 'run'), checkpointEvery: 5,
  batch: (step) => Promise.resolve({ x: { data: new TrainingRandom(1, step).normals(32), shape: [8, 4] } }),
  ...changes,
});

async function logged(run: string): Promise<{ step: number; loss: number }[]> {
  const lines = (await readFile(path.join(run, 'log.jsonl'), 'utf8')).trim().split('\n');
  return lines.map((line) => {
    const { ms, ...rest } = JSON.parse(line) as { step: number; loss: number; ms: number };
    expect(ms).toBeGreaterThanOrEqual(0);
    return rest;
  });
}

const silent = (): never => expect.fail('a warning nobody expected');

describe('a run that is interrupted', () => {
  async function whole(): Promise<{ trainer: Trainer<'x'>; log: object[] }> {
    const run = path.join(folder, 'whole');
    const made = await trainer();
    expect(await runTraining(made, options({ folder: run }))).toBe(true);
    return { trainer: made, log: await logged(run) };
  }

  test('and goes on after a stop ends with the same losses and weights, bit for bit', async () => {
    const { trainer: expected, log } = await whole();
    const stop = new AbortController();
    const stopped = await trainer();
    expect(await runTraining(stopped, options({ signal: stop.signal, onStep: ({ step }) => void (step === 7 && stop.abort()) }))).toBe(false);
    expect(stopped.steps).toBe(7);

    const resumed = await trainer();
    expect(await resumeFrom(resumed, path.join(folder, 'run'), silent)).toBe(true);
    expect(resumed.steps).toBe(7);
    expect(await runTraining(resumed, options())).toBe(true);
    expect(resumed.state()).toEqual(expected.state());
    expect(await logged(path.join(folder, 'run'))).toEqual(log);
    expect(log.map((line) => (line as { step: number }).step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  });

  test('and one that crashes between checkpoints goes on from the last', async () => {
    const { trainer: expected, log } = await whole();
    const crashed = await trainer();
    const crash = options({ onStep: ({ step }) => { if (step === 8) throw new Error('power cut'); } });
    await expect(runTraining(crashed, crash)).rejects.toThrow('power cut');

    const resumed = await trainer();
    expect(await resumeFrom(resumed, path.join(folder, 'run'), silent)).toBe(true);
    expect(resumed.steps).toBe(5);
    await runTraining(resumed, options());
    expect(resumed.state()).toEqual(expected.state());
    expect(await logged(path.join(folder, 'run'))).toEqual(log);
  });

  test.each([5, 12])('does again what belongs to a step when it is killed while that is done, at step %i too', async (fatal) => {
    const done: number[] = [];
    const afterStep = (killed: boolean) => async ({ step }: { step: number }) => {
      if (killed && step === fatal) throw new Error('power cut');
      done.push(step);
    };
    const first = options({ afterStep: afterStep(true) });
    await expect(runTraining(await trainer(), first)).rejects.toThrow('power cut');
    const again = await trainer();
    await resumeFrom(again, first.folder, silent);
    await runTraining(again, options({ afterStep: afterStep(false) }));
    expect(new Set(done)).toEqual(new Set(Array.from({ length: 12 }, (_, i) => i + 1)));
  });

  test('keeps the checkpoint before when one is asked for at a step that has its own', async () => {
    const saved: number[] = [];
    await runTraining(await trainer(), options({ onSaved: (step) => saved.push(step), afterStep: ({ step, save }) => (step === 10 ? save() : Promise.resolve()) }));
    expect(saved).toEqual([5, 10, 12]);
  });

  test('a finished run has nothing left to do', async () => {
    const { trainer: done } = await whole();
    expect(await runTraining(done, options({ folder: path.join(folder, 'whole'), batch: () => expect.fail('asked for data') }))).toBe(true);
  });
});

describe('checkpoints', () => {
  const [newest, previous] = ['checkpoint.safetensors', 'checkpoint.previous.safetensors'];
  const step = async (made: Trainer<'x'>): Promise<unknown> => made.step(await options().batch(made.steps + 1), 0.01, 0.5);

  async function twoSaved(): Promise<void> {
    const made = await trainer();
    for (let i = 0; i < 2; i++) {
      await step(made);
      await saveCheckpoint(made as Trainer<string>, folder);
    }
  }

  test.each<[string, (file: string) => Promise<void>]>([
    ['cut off', (file) => truncate(file, 200)],
    ['empty', (file) => truncate(file, 0)],
    ['changed in one bit', async (file) => {
      const bytes = await readFile(file);
      bytes[bytes.length - 9]! ^= 4;
      await writeFile(file, bytes);
    }],
    ['something else', (file) => writeFile(file, 'not a checkpoint at all, but long enough to hold a header')],
  ])('one that is %s is passed over for the one before, with a word', async (_, harm) => {
    await twoSaved();
    await harm(path.join(folder, newest));
    const made = await trainer();
    const warnings: string[] = [];
    expect(await resumeFrom(made, folder, (text) => warnings.push(text))).toBe(true);
    expect(made.steps).toBe(1);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(newest);
    expect(warnings[0]).toContain('before it');
  });

  test('what a kill left of one is cleared away', async () => {
    await twoSaved();
    await writeFile(path.join(folder, `.checkpoint.new.safetensors.1-abc.tmp`), 'half');
    expect(await resumeFrom(await trainer(), folder, silent)).toBe(true);
    expect((await readdir(folder)).toSorted()).toEqual([previous, newest].toSorted());
  });

  test('one that vanished between two renames leaves the one before', async () => {
    await twoSaved();
    await rm(path.join(folder, newest));
    const made = await trainer();
    expect(await resumeFrom(made, folder, silent)).toBe(true);
    expect(made.steps).toBe(1);
  });

  test('when both are damaged it says so instead of starting from nothing', async () => {
    await twoSaved();
    for (const file of [newest, previous]) await truncate(path.join(folder, file), 100);
    const made = await trainer();
    const before = structuredClone(made.state());
    const warnings: string[] = [];
    await expect(resumeFrom(made, folder, (text) => warnings.push(text))).rejects.toMatchObject({ code: 'corrupt-file' });
    expect(warnings).toHaveLength(2);
    expect(made.state()).toEqual(before);
  });

  test('none at all', async () => {
    expect(await resumeFrom(await trainer(), folder, silent)).toBe(false);
  });
});

describe('a guarded run', () => {
  test('stops when its loss explodes, with a checkpoint from before', async () => {
    const guarded = options({ steps: 60, checkpointEvery: 4, guardLoss: true });
    const stop = new AbortController();
    const calm = await trainer();
    await runTraining(calm, { ...guarded, signal: stop.signal, onStep: ({ step }) => void (step === 20 && stop.abort()) });
    const wild = await trainer();
    await resumeFrom(wild, guarded.folder, silent);
    // A rate that no network survives.
    await expect(runTraining(wild, { ...guarded, learningRate: 1e4, warmup: 0 }))
      .rejects.toMatchObject({ code: 'unsupported', message: expect.stringMatching(/exploded|stopped being a number/), hint: expect.stringContaining('learning rate') });
    const kept = await trainer();
    await resumeFrom(kept, guarded.folder, silent);
    expect(kept.state()).toEqual(calm.state());
    expect(await runTraining(kept, options({ steps: 22 }))).toBe(true);
  });

  test('tells of every checkpoint, and makes one when asked to', async () => {
    const saved: number[] = [];
    await runTraining(await trainer(), options({ onSaved: (step) => saved.push(step), afterStep: async ({ step, save }) => { if (step === 7) await save(); } }));
    expect(saved).toEqual([5, 7, 10, 12]);
  });
});

test('the rate rises over the warm-up, then falls along a cosine to its final share', () => {
  const schedule = { steps: 100, learningRate: 2, warmup: 10, finalShare: 0.1 };
  expect(learningRateAt(1, schedule)).toBeCloseTo(0.2);
  expect(learningRateAt(10, schedule)).toBe(2);
  expect(learningRateAt(55, schedule)).toBeCloseTo(2 * 0.55);
  expect(learningRateAt(100, schedule)).toBeCloseTo(0.2);
  expect(learningRateAt(1, { ...schedule, warmup: 0 })).toBeLessThanOrEqual(2);
  expect(learningRateAt(55, { ...schedule, hold: 0.5 })).toBe(2);
  expect(learningRateAt(56, { ...schedule, hold: 0.5 })).toBeLessThan(2);
  expect(learningRateAt(100, { ...schedule, hold: 0.5 })).toBeCloseTo(0.2);
});

test('the average follows the weights at first and ends at its decay', () => {
  expect(averageRateAt(1, 0.999)).toBe(1);
  expect(averageRateAt(91, 0.999)).toBeCloseTo(0.1);
  expect(averageRateAt(1e6, 0.999)).toBeCloseTo(0.001);
});
