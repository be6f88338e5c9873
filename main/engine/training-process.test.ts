// The training process by itself: what it takes, and what it does when its host is gone.
import { fork, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTinyCheckpoint } from '../../tests/fixtures/tiny.ts';
import { DistillRequest } from '../contract/distillation.ts';
import { findNode } from './node-binary.ts';
import { storybookPictures } from './storybook-pictures.ts';
import { parseFromTraining, parseToTraining, type FromTraining, type TrainingJobInput } from './training-messages.ts';

vi.setConfig({ testTimeout: 240_000 });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'training-process-'));
  await createTinyCheckpoint(join(folder, 'models'));
});
afterAll(() => rm(folder, { recursive: true }));

function job(name: string, changes: Partial<DistillRequest> = {}): TrainingJobInput {
  return {
    request: DistillRequest.parse({ name, steps: 1000, batch: 2, points: 16, threads: 1, ...changes }),
    modelDirs: [join(folder, 'models')], workDir: join(folder, name), target: join(folder, `${name}-done`),
  };
}

interface Started {
  child: ChildProcess;
  ended: Promise<number | null>;
  /** The next message that `matches`; rejects when the process ends first. */
  heard<K extends FromTraining['kind']>(kind: K, matches?: (message: Extract<FromTraining, { kind: K }>) => boolean): Promise<Extract<FromTraining, { kind: K }>>;
}

function start(): Started {
  const child = fork(join(import.meta.dirname, 'training-process.ts'), [], { execPath: findNode(), execArgv: [], serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let stderr = '';
  child.stderr?.on('data', (data: Buffer) => (stderr += data.toString()));
  // Not 'close': Node does not tell it of a process that was disconnected.
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  return {
    child, ended,
    heard: (kind, matches = () => true) =>
      new Promise((resolve, reject) => {
        child.on('message', (value) => {
          const message = parseFromTraining(value);
          if (message === null) reject(new Error(`not a message: ${JSON.stringify(value)}`));
          if (message?.kind === kind && matches(message as never)) resolve(message as never);
        });
        void ended.then((code) => reject(new Error(`it ended with ${code}: ${stderr}`)));
      }),
  };
}

it('saves what was learned and ends when its host is gone', async () => {
  const { child, ended, heard } = start();
  const learning = heard('progress', ({ progress }) => progress.phase === 'learning');
  const device = heard('device');
  await heard('ready');
  child.send({ kind: 'distill', job: job('orphan') });
  await learning;
  expect(await device).toEqual({ kind: 'device', provider: 'cpu' });
  // It is gentle unless told otherwise.
  expect(getPriority(child.pid)).toBe(19);
  child.disconnect();
  expect(await ended).toBe(0);
  expect(await readdir(join(folder, 'orphan'))).toEqual(expect.arrayContaining(['checkpoint.safetensors', 'job.json', 'log.jsonl', 'points.f16']));
});

it('passes over what it does not understand and reports what it cannot do', async () => {
  const { child, ended, heard } = start();
  await heard('ready');
  const failed = heard('failed');
  child.send({ kind: 'distill', job: { request: {} } });
  child.send({ kind: 'dance' });
  child.send({ kind: 'distill', job: job('no-teacher', { teacher: 'nobody' }) });
  expect(await failed).toMatchObject({ error: { code: 'not-found', message: expect.stringContaining('nobody') } });
  expect(await ended).toBe(0);
});

it('measures what a job costs, here one that learns from a person\'s own pictures', async () => {
  const pictures = await Promise.all(['red', 'green', 'blue'].map(async (colour) => {
    const file = join(folder, `${colour}.jpg`);
    const bytes = await sharp({ create: { width: 90, height: 70, channels: 3, background: colour } }).jpeg().toBuffer();
    await writeFile(file, bytes);
    return { file, caption: `a ${colour} ball`, sha256: createHash('sha256').update(bytes).digest('hex') };
  }));
  const { child, ended, heard } = start();
  await heard('ready');
  const measured = heard('measured');
  const subjects = [{ prompt: 'a red ball', seed: 1, guidance: 3 }];
  child.send({ kind: 'measure', job: { ...job('measured', { points: 20, scheduleSteps: 2 }), pictures, subjects, validateEvery: 5, gentle: false } });
  const { report } = await measured;
  expect(await ended).toBe(0);
  // 16 latent channels of 8×8, three arrays, two bytes each.
  expect(report).toMatchObject({ steps: 4, pointBytes: 16 * 64 * 3 * 2, pictureBytes: 64 * 64 * 3 });
  // Three prompts of 24 tokens and a pooled vector.
  expect(report.textBytes).toBe(3 * 4 * (24 * 32 + 32));
  for (const cost of [report.secondsPerPoint, report.secondsPerStep, report.secondsPerSample, report.secondsPerValidation, report.peakBytes, report.copyBytes]) expect(cost).toBeGreaterThan(0);
});

it('says before it learns anything that a device cannot be used', async () => {
  const { child, ended, heard } = start();
  await heard('ready');
  const failed = heard('failed');
  // No build for this platform has it.
  const device = process.platform === 'darwin' ? 'dml' : 'coreml';
  child.send({ kind: 'distill', job: job('elsewhere', { device }) });
  expect(await failed).toMatchObject({ error: { code: 'unsupported', message: expect.stringContaining(`"${device}"`), hint: expect.stringContaining('auto') } });
  expect(await ended).toBe(0);
  expect(await readdir(join(folder, 'elsewhere'))).not.toContain('points.f16');
});

it('checks messages both ways', () => {
  expect(parseToTraining({ kind: 'stop' })).toEqual({ kind: 'stop' });
  expect(parseToTraining({ kind: 'distill', job: job('x') })).toMatchObject({ kind: 'distill' });
  expect(parseToTraining({ kind: 'distill', job: { ...job('x'), gentle: 'yes' } })).toBeNull();
  expect(parseFromTraining({ kind: 'done', outcome: { fusionScale: 1, samples: 2, loss: 'low' } })).toBeNull();
  expect(parseFromTraining(null)).toBeNull();
});

describe('the pictures', () => {
  it('are the same for the same number, with a caption of their own', async () => {
    const source = storybookPictures(3, 200, 32);
    const captions = Array.from({ length: 200 }, (_, i) => source.caption(i));
    expect(captions).toEqual(Array.from({ length: 200 }, (_, i) => storybookPictures(3, 200, 32).caption(i)));
    expect(new Set(captions).size).toBeGreaterThan(150);
    const { rgb, width, height } = await source.picture(7);
    expect([width, height, rgb.length]).toEqual([32, 32, 32 * 32 * 3]);
    expect((await storybookPictures(3, 200, 32).picture(7)).rgb).toEqual(rgb);
    expect((await source.picture(8)).rgb).not.toEqual(rgb);
    expect((await storybookPictures(4, 200, 32).picture(7)).rgb).not.toEqual(rgb);
  });
});
