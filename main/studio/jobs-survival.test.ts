// What a job survives: kills of its process and its host, a damaged checkpoint, numbers that are none, a teacher that changes. Real processes,
// and each time the question whether it ends with the very losses and weights that it would have had.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it, vi } from 'vitest';
import { createTinyCheckpoint } from '../../tests/fixtures/tiny.ts';
import type { JobMetrics, JobRecord, JobState } from '../contract/jobs.ts';
import { findNode } from '../engine/node-binary.ts';
import { openJobStudio, temporaryFolder, tinyJob, tinyModels, type JobStudio } from './testing/jobs.ts';

vi.setConfig({ testTimeout: 1_200_000, hookTimeout: 1_200_000 });

const config = tinyJob({ steps: 60, checkpointEvery: 4, validateEvery: 7 });
let models: string;
let libraryDir: string;
let studio: JobStudio;
/** Of a job that nothing happened to. */
let whole: { metrics: JobMetrics; weights: Buffer };

beforeAll(async () => {
  models = await tinyModels();
  libraryDir = await temporaryFolder('library');
  studio = await openJobStudio({ libraryDir, modelDirs: [models] });
  await studio.call('jobs.estimate', { config });
  const { id } = await studio.call('jobs.start', { config: { ...config, name: 'whole' } });
  whole = await resultOf(studio, await studio.reached(id, 'done'));
});

/** All that does not tell the time. */
async function resultOf({ studio: { libraryDir: dir }, call }: JobStudio, job: JobRecord): Promise<typeof whole> {
  const metrics = await call('jobs.metrics', { job: job.id });
  return { metrics: { ...metrics, ms: [] }, weights: await readFile(join(dir, 'models', job.model!, 'transformer', 'diffusion_pytorch_model.safetensors')) };
}

it('its process is killed, its newest checkpoint damaged, its teacher deleted and changed, its data spoilt: each is said, and it ends as if nothing had been', async () => {
  const { call, reached, learned } = studio;
  const { id } = await call('jobs.start', { config: { ...config, name: 'parts' } });
  await learned(id, 9 + Math.floor(Math.random() * 20));
  process.kill(studio.studio.trainingPid!, 'SIGKILL');
  const killed = await reached(id, 'interrupted');
  expect(killed).toMatchObject({ reason: { code: 'engine-crashed', message: expect.stringContaining('SIGKILL'), hint: expect.stringContaining('checkpoint') } });
  expect(killed.checkpointStep).toBeGreaterThanOrEqual(8);
  expect(killed.checkpointStep % 4).toBe(0);

  const resumed = async (...states: JobState[]) => {
    await call('jobs.resume', { job: id });
    return reached(id, ...states);
  };
  const [teacher, away] = [join(models, 'storybook'), join(models, '.away')];
  await rename(teacher, away);
  expect(await resumed('failed')).toMatchObject({ reason: { code: 'not-found', message: expect.stringContaining('"storybook"') } });
  await createTinyCheckpoint(models, 'storybook', 5);
  expect(await resumed('failed')).toMatchObject({ reason: { code: 'invalid-input', message: expect.stringContaining('has changed'), hint: expect.stringContaining('duplicate') } });
  await rm(teacher, { recursive: true });
  await rename(away, teacher);

  const folder = join(libraryDir, 'training', id);
  await truncate(join(folder, 'checkpoint.safetensors'), 5000);
  const points = join(folder, 'points.f16');
  const good = await readFile(points);
  await writeFile(points, Buffer.alloc(good.length, Buffer.from(Uint16Array.of(0x7e00).buffer)));
  const nan = await resumed('failed');
  expect(nan).toMatchObject({ reason: { code: 'unsupported', message: expect.stringMatching(/stopped being a number/), hint: expect.stringContaining('learning rate') } });
  expect(nan.warnings).toEqual([{ code: 'training', message: expect.stringContaining('checkpoint before it') }]);

  await writeFile(points, good);
  expect(await resultOf(studio, await resumed('done'))).toEqual(whole);
});

it('its host is killed: the next studio offers it, and it goes on', async () => {
  const dir = await temporaryFolder('killed');
  const child = spawn(findNode(), [join(import.meta.dirname, 'jobs-kill.child.ts'), dir, models, JSON.stringify(config), '10'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const [id] = line.toString().trim().split(/\s+/) as [string];
  child.kill('SIGKILL');
  await once(child, 'exit');
  // The training process may still be saving what it has: the next one waits for it.
  const next = await openJobStudio({ libraryDir: dir, modelDirs: [models] });
  expect(await next.call('jobs.get', { job: id })).toMatchObject({ state: 'interrupted', reason: { hint: expect.stringContaining('Resume') } });
  await next.call('jobs.resume', { job: id });
  expect(await resultOf(next, await next.reached(id, 'done'))).toEqual(whole);
  await next.close();
});

it('it is paused, saved on demand, shown on demand, and goes on', async () => {
  const { call, reached, learned } = studio;
  const { id } = await call('jobs.start', { config: { ...config, name: 'paused' } });
  await learned(id, 2);
  const shown = new Promise((resolve) => studio.studio.on('job.sample', (sample) => void (sample.job === id && resolve(sample))));
  await call('jobs.sampleNow', { job: id });
  expect((await call('jobs.saveNow', { job: id })).checkpointStep).toBeGreaterThan(0);
  expect(await shown).toMatchObject({ job: id, index: 0, step: expect.any(Number) });
  const paused = await call('jobs.pause', { job: id });
  expect(paused).toMatchObject({ state: 'paused', reason: null, memoryBytes: null });
  expect(paused.checkpointStep).toBe(paused.progress?.step);
  expect(studio.studio.trainingPid).toBeUndefined();
  await call('jobs.resume', { job: id });
  expect(await resultOf(studio, await reached(id, 'done'))).toEqual(whole);
  await studio.close();
});
