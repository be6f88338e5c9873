// Distillations that train adapters alone, from request to folder, with real networks, tiny ones.
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createTinyCheckpoint } from '../../tests/fixtures/tiny.ts';
import { openCheckpoint, type Checkpoint } from '../checkpoints/folder.ts';
import { loraFile, loraFolder, mergeLora, readLora, wholeFile } from '../checkpoints/lora.ts';
import { readHeader, readTensors, type Tensor } from '../checkpoints/safetensors.ts';
import { DistillRequest } from '../contract/distillation.ts';
import { openPipelineParts } from '../diffusion/components.ts';
import { embedded, guidedField } from '../diffusion/guidance.ts';
import { distil, type Distillation } from './distillation.ts';
import { promptSource } from './distillation-source.ts';
import { writeStudent, type Student } from './distillation-student.ts';
import { TrainingRandom } from './random.ts';

vi.setConfig({ testTimeout: 480_000 });

let folder: string;
let teacher: Checkpoint;
let taught: Map<string, Tensor>;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'distillation-lora-'));
  teacher = await openCheckpoint(await createTinyCheckpoint(folder), () => '');
  taught = await readTensors(teacher.transformer.weights);
});
afterAll(() => rm(folder, { recursive: true }));

const prompts = ['a red boat', 'two green stars', 'a blue house on the beach'];
const lora = { rank: 4, alpha: 8 };
const request = (changes: Partial<DistillRequest> = {}) =>
  DistillRequest.parse({ name: 'adapted', prompts, pointsFrom: 'trajectories', scheduleSteps: 3, points: 24, steps: 12, batch: 4, threads: 1, learningRate: 3e-3, lora, ...changes });
const start = (name: string, changes: Partial<DistillRequest> = {}, more: Partial<Distillation> = {}) =>
  distil({ checkpoint: teacher, request: request(changes), source: promptSource(prompts), folder: path.join(folder, 'work', name), ...more });

async function written(student: Student, name: string): Promise<{ dir: string; checkpoint: Checkpoint; tensors: Map<string, Tensor> }> {
  const dir = path.join(folder, name);
  await writeStudent(dir, name, student, teacher.dir);
  const checkpoint = await openCheckpoint(dir, () => teacher.dir);
  return { dir, checkpoint, tensors: await readTensors(checkpoint.transformer.weights) };
}

describe.each(['teefusion', 'distillcfg'] as const)('a %s student', (kind) => {
  test('learns, and is a folder with its adapters beside the merged weights', async () => {
    const losses: number[] = [];
    const { student } = await start(kind, { kind, steps: 30, averageDecay: 0 }, { onStep: ({ loss }) => losses.push(loss) });
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(losses.slice(-8))).toBeLessThan(0.8 * mean(losses.slice(0, 8)));

    const { dir, checkpoint, tensors } = await written(student, `written-${kind}`);
    const pairs = await readLora(path.join(dir, loraFolder, loraFile));
    const merged = mergeLora(taught, pairs, 'adapters');
    let moved = 0;
    for (const [name, { data, shape }] of tensors) {
      if (name.startsWith('guidance_in.')) continue;
      const module = name.replace(/\.weight$/, '');
      // What no pair is for is the teacher's, bit for bit; else it is what another tool makes of the pairs, to half precision.
      if (!pairs.has(module)) expect(data, name).toEqual(taught.get(name)!.data);
      else {
        expect(shape).toEqual(taught.get(name)!.shape);
        const other = merged.get(name)!.data;
        data.forEach((value, i) => expect(Math.abs(value - other[i]!)).toBeLessThan(2e-3));
        if (data.some((value, i) => value !== taught.get(name)!.data[i])) moved += 1;
      }
    }
    expect(moved).toBe(pairs.size);
    expect([...pairs.values()].every(({ factor }) => factor === 2)).toBe(true);
    // A new embedder is trained whole and stands beside the pairs.
    const beside = await readdir(path.join(dir, loraFolder));
    if (kind === 'teefusion') expect(beside).toEqual([loraFile]);
    else {
      const whole = await readTensors(path.join(dir, loraFolder, wholeFile));
      expect([...whole.keys()].sort()).toEqual(['linear_1.bias', 'linear_1.weight', 'linear_2.bias', 'linear_2.weight'].map((name) => `transformer.guidance_in.${name}`));
      for (const [name, { data }] of whole) expect(data).toEqual(tensors.get(name.slice('transformer.'.length))!.data);
      expect(whole.get('transformer.guidance_in.linear_2.weight')!.data.some((value) => value !== 0)).toBe(true);
    }
    expect(student.distillation).toMatchObject({ training: { optimizer: 'adamw', lora } });
    expect(await readFile(path.join(dir, 'README.md'), 'utf8')).toContain('adapters of rank 4 (alpha 8) learned');

    // It draws like any other, and its guidance scale does something.
    const parts = await openPipelineParts(checkpoint, { threads: 1 });
    const pair = { prompt: await parts.textEncoder.encode('a red boat'), negative: await parts.textEncoder.encode('') };
    const x = new TrainingRandom(4).normals(16 * 8 * 8);
    const [low, high] = [await guidedField(parts.velocityModel, embedded, pair, 1)(x, 0.6), await guidedField(parts.velocityModel, embedded, pair, 9)(x, 0.6)];
    expect(Math.max(...low.map((value, i) => Math.abs(value - high[i]!)))).toBeGreaterThan(1e-4);
    await parts.close();
  });
});

describe('unfinished work', () => {
  const stopped = async (name: string, at: number): Promise<void> => {
    const stop = new AbortController();
    const run = start(name, { kind: 'distillcfg' }, { signal: stop.signal, onProgress: ({ phase, step }) => void (phase === 'learning' && step === at && stop.abort()) });
    await expect(run).rejects.toMatchObject({ code: 'cancelled' });
  };

  test('is gone on with bit for bit, from a checkpoint that holds what learns and no more', async () => {
    const whole = await start('whole', { kind: 'distillcfg' });
    await stopped('parts', 3);
    const { tensors } = await readHeader(path.join(folder, 'work/parts/checkpoint.safetensors'));
    for (const [role, { shape }] of tensors) expect(shape, role).toEqual([whole.student.parameters.length]);
    const all = [...taught.values()].reduce((sum, { data }) => sum + data.length, 0);
    expect(whole.student.parameters.length).toBeLessThan(all / 2);
    expect((await stat(path.join(folder, 'work/parts/checkpoint.safetensors'))).size).toBeLessThan(4 * 4 * (all / 2));
    await stopped('parts', 7);
    const resumed = await start('parts', { kind: 'distillcfg' });
    expect(resumed.student.weights).toEqual(whole.student.weights);
    expect(resumed.outcome).toEqual(whole.outcome);
  });

  test('of all weights is not gone on with by adapters', async () => {
    await stopped('other', 2);
    await expect(start('other', { kind: 'distillcfg', lora: null })).rejects.toMatchObject({ code: 'invalid-input', message: expect.stringContaining('lora was {"rank":4,"alpha":8}, now null') });
    await expect(start('other', { kind: 'distillcfg', lora: { rank: 2, alpha: 8 } })).rejects.toMatchObject({ code: 'invalid-input' });
  });
});

test('the validation loss is that of the network as it will be used', async () => {
  const rows: number[] = [];
  await start('validated', { steps: 20, averageDecay: 0 }, { validation: { every: 5, source: promptSource(prompts) }, onValidated: ({ loss }) => rows.push(loss) });
  expect(rows).toHaveLength(4);
  expect(rows.at(-1)).toBeLessThan(rows[0]!);
});

test('a rank wider than the teacher\'s matrices is refused with the widest that fits, before any work', async () => {
  await expect(start('wide', { lora: { rank: 33, alpha: null } })).rejects.toMatchObject({ code: 'invalid-input', message: expect.stringContaining('rank 33'), hint: expect.stringContaining('at most 32') });
  await expect(stat(path.join(folder, 'work/wide'))).rejects.toThrow('ENOENT');
  expect(() => request({ optimizer: 'muon' })).toThrow('adamw');
});

test('all weights learn the losses that they learned before there were adapters', async () => {
  const losses: number[] = [];
  await start('recorded', { lora: null, points: 30, steps: 8, learningRate: 2e-3 }, { onStep: ({ loss }) => losses.push(loss) });
  // Recorded on one processor; another one rounds differently.
  const recorded = [0.0242874, 0.0155533, 0.0183718, 0.0096576, 0.0080795, 0.0104041, 0.0086661, 0.0061102];
  expect(losses).toHaveLength(recorded.length);
  losses.forEach((loss, i) => expect(loss / recorded[i]!).toBeCloseTo(1, 2));
});
