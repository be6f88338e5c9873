// What a job survives: kills of its process and its host, a damaged checkpoint, numbers that are none, a teacher that changes. Real processes,
// and each time the question whether it ends with the very losses and weights that it would have had.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it, vi } from 'vitest';
import { createTinyCheckpoint } from '../../tests/fixtures/tiny.ts';
import type { JobConfigInput, JobMetrics, JobRecord, JobSample, JobState } from '../contract/jobs.ts';
import { findNode } from '../engine/node-binary.ts';
import { openLibrary } from '../library/library.ts';
import type { JobChanges } from '../library/repositories/jobs.ts';
import { openJobStudio, temporaryFolder, tinyJob, tinyModels, type JobStudio } from './testing/jobs.ts';

vi.setConfig({ testTimeout: 1_200_000, hookTimeout: 1_200_000 });

const config = tinyJob({ steps: 60, checkpointEvery: 4, validateEvery: 7 });
let models: string;
let libraryDir: string;
let studio: JobStudio;
/** Of a job that nothing happened to. */
let whole: { metrics: JobMetrics; weights: Buffer };
/** Likewise, of one with phases that are long enough to be met. */
let inPhases: typeof whole;
const phases = { points: 800, steps: 40, validateEvery: 1 };

beforeAll(async () => {
  models = await tinyModels();
  libraryDir = await temporaryFolder('library');
  studio = await openJobStudio({ libraryDir, modelDirs: [models] });
  await studio.call('jobs.estimate', { config });
  const finished = async (job: JobConfigInput) => resultOf(studio, await studio.reached((await studio.call('jobs.start', { config: job })).id, 'done'));
  whole = await finished({ ...config, name: 'whole' });
  inPhases = await finished({ ...config, ...phases, name: 'in-phases' });
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

it('its host is killed in every phase of it: each time the next studio offers it, and it goes on', async () => {
  const dir = await temporaryFolder('killed');
  // Long enough to be met while it teaches; most of its learning is measuring.
  const long = JSON.stringify({ ...config, ...phases, evaluate: { count: 3, guidance: [3] } });
  const killed = async (moment: string) => {
    const child = spawn(findNode(), [join(import.meta.dirname, 'jobs-kill.child.ts'), dir, models, long, moment], { stdio: ['ignore', 'inherit', 'inherit'] });
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    expect({ moment, code, signal }).toEqual({ moment, code: null, signal: 'SIGKILL' });
  };
  await killed('teaching');
  await killed('learning');
  // As if it had begun on another machine.
  const [begun] = await changed(dir, { threads: 7, device: 'webgpu' });
  expect(begun).toMatchObject({ state: 'running', model: null });
  await killed('validating');
  await killed('writing');
  await killed('evaluating');

  const next = await openJobStudio({ libraryDir: dir, modelDirs: [models] });
  const interrupted = await next.call('jobs.get', { job: begun!.id });
  expect(interrupted).toMatchObject({ state: 'interrupted', model: 'tiny-student', reason: { hint: expect.stringContaining('Resume') }, evaluation: { summary: null } });
  expect(interrupted.warnings).toEqual([/with 1 threads instead of 7.*not bit for bit/, /on the device "cpu" instead of "webgpu".*not bit for bit/]
    .map((words) => ({ code: 'training', message: expect.stringMatching(words) })));
  expect(interrupted).toMatchObject({ threads: 1, device: 'cpu' });
  await next.call('jobs.resume', { job: begun!.id });
  const done = await next.reached(begun!.id, 'done');
  expect(await resultOf(next, done)).toEqual(inPhases);
  // The same evaluation, with what had been drawn before.
  expect(done.evaluation).toMatchObject({ id: interrupted.evaluation!.id, summary: { count: 3, rows: [{ guidance: 3 }] } });
  expect((await next.call('evaluations.list', {})).evaluations).toMatchObject([{ id: done.evaluation!.id, state: 'done', done: 9 }]);
  await next.close();

  // Killed between the student's last step to its place and the record of it.
  await changed(dir, { state: 'interrupted', model: null });
  const last = await openJobStudio({ libraryDir: dir, modelDirs: [models] });
  await last.call('jobs.resume', { job: done.id });
  expect(await last.reached(done.id, 'done')).toMatchObject({ model: 'tiny-student' });
  expect((await readdir(join(dir, 'models'))).sort()).toEqual(['tiny-student']);
  await last.close();
});

/** Changes what the library says of its jobs, as another machine may have left it. */
async function changed(dir: string, changes: JobChanges): Promise<JobRecord[]> {
  const library = await openLibrary(dir);
  try {
    return library.jobs.list().map(({ id }) => library.jobs.update(id, changes));
  } finally {
    library.close();
  }
}

it('it is paused, saved on demand, shown on demand, and goes on', async () => {
  const { call, reached, learned } = studio;
  const { id } = await call('jobs.start', { config: { ...config, name: 'paused' } });
  await learned(id, 2);
  const samples: JobSample[] = [];
  const shown = new Promise<void>((resolve) => studio.studio.on('job.sample', (sample) => {
    if (sample.job === id && samples.push(sample) === 2) resolve();
  }));
  await call('jobs.sampleNow', { job: id });
  expect((await call('jobs.saveNow', { job: id })).checkpointStep).toBeGreaterThan(0);
  await shown;
  // It draws no rounds; the teacher's picture comes with the first that is asked for.
  expect(samples).toMatchObject([{ index: 0, step: expect.any(Number) }, { index: 0, step: null }]);
  const paused = await call('jobs.pause', { job: id });
  expect(paused).toMatchObject({ state: 'paused', reason: null, memoryBytes: null });
  expect(paused.checkpointStep).toBe(paused.progress?.step);
  expect(studio.studio.trainingPid).toBeUndefined();
  await call('jobs.resume', { job: id });
  expect(await resultOf(studio, await reached(id, 'done'))).toEqual(whole);
  await studio.close();
});
