// The life of distillation jobs behind the contract: real processes, a tiny teacher.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { beforeAll, expect, it, vi } from 'vitest';
import { ModelRegistry } from '../checkpoints/registry.ts';
import type { JobNews, JobRecord, JobSample } from '../contract/jobs.ts';
import { openTransformer } from '../diffusion/components.ts';
import { endOf } from './jobs-activity.ts';
import { openJobStudio, temporaryFolder, tinyJob, tinyModels, type JobStudio } from './testing/jobs.ts';
import { unzip } from './testing/unzip.ts';

vi.setConfig({ testTimeout: 900_000, hookTimeout: 120_000 });

let models: string;
beforeAll(async () => {
  models = await tinyModels();
});

const opened = async (libraryDir?: string): Promise<JobStudio> => openJobStudio({ libraryDir: libraryDir ?? (await temporaryFolder('library')), modelDirs: [models] });

it('a job is estimated, learns, shows what it learns, and ends as a model that draws, can be exported, deleted and taken back', async () => {
  const { studio, call, refused, reached, close } = await opened();
  const news: JobNews[] = [];
  const samples: JobSample[] = [];
  const states: string[] = [];
  let modelsChanged = 0;
  studio.on('job.metrics', (one) => news.push(one));
  studio.on('job.sample', (one) => samples.push(one));
  studio.on('job.changed', ({ job }) => states.at(-1) !== job.state && states.push(job.state));
  studio.on('models.changed', () => modelsChanged++);

  const config = tinyJob({ sampleEvery: 8, source: { kind: 'list', prompts: ['a red boat on the sea', 'a blue ball'] }, pointsFrom: 'trajectories' });
  const estimate = await call('jobs.estimate', { config });
  expect(estimate).toMatchObject({ measuredSteps: 4, refusal: null });
  for (const value of [estimate.seconds, estimate.secondsPerPoint, estimate.secondsPerStep, estimate.secondsPerSample, estimate.freeMemoryBytes]) expect(value).toBeGreaterThan(0);
  expect(estimate.memoryBytes).toBeGreaterThan(50e6);
  expect(await call('jobs.list', {})).toEqual({ jobs: [] });
  expect(await readdir(join(studio.libraryDir, 'training'))).toEqual([]);

  const { id } = await call('jobs.start', { config });
  const done = await reached(id, 'done');
  expect(states).toEqual(['queued', 'running', 'done']);
  expect(done).toMatchObject({ model: 'tiny-student', checkpointStep: 8, reason: null, warnings: [], progress: { phase: 'learning', step: 8, steps: 8 }, memoryBytes: null });
  expect(done.teacherHash).toMatch(/^[0-9a-f]{64}$/);
  expect(done.seconds).toBeGreaterThan(0);

  const metrics = await call('jobs.metrics', { job: id });
  expect(metrics.step).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(metrics.validation.step).toEqual([4, 8]);
  // What was told while it ran is what is kept.
  const told = news.filter(({ job }) => job === id).map((one) => one.metrics);
  expect(told.flatMap(({ step }) => step)).toEqual(metrics.step);
  expect(told.flatMap(({ loss }) => loss)).toEqual(metrics.loss);
  expect(told.flatMap(({ validation }) => validation.loss)).toEqual(metrics.validation.loss);
  expect((await call('jobs.metrics', { job: id, from: 3, to: 6, points: 2 })).step).toEqual([4, 6]);

  expect(samples.map(({ step, index }) => [step, index])).toEqual([[null, 0], [8, 0]]);
  expect((await call('jobs.samples', { job: id })).samples).toEqual(samples);
  const [teacher, student] = await Promise.all([null, 8].map((step) => call('jobs.picture', { job: id, step, index: 0 })));
  expect(teacher).toMatchObject({ width: 64, height: 64 });
  expect(student!.rgb).toHaveLength(teacher!.rgb.length);
  expect(student!.rgb).not.toBe(teacher!.rgb);
  expect(await refused('jobs.picture', { job: id, step: 5, index: 0 })).toMatchObject({ code: 'not-found' });

  const listed = (await call('models.list', {})).find((model) => model.id === 'tiny-student');
  expect(listed).toMatchObject({ kind: 'student', teacher: 'storybook', problem: null, embedded: false });
  expect(modelsChanged).toBe(1);
  const folder = join(studio.libraryDir, 'models', 'tiny-student');
  expect(JSON.parse(await readFile(join(folder, 'training.json'), 'utf8'))).toMatchObject({ job: id, data_hash: done.dataHash, config: { steps: 8 }, curve: { step: metrics.step, loss: metrics.loss } });
  expect(await readdir(join(studio.libraryDir, 'training', id))).not.toContain('points.f16');

  await call('settings.set', { device: 'cpu', threads: 1 });
  const drawn = new Promise((resolve) => studio.on('run.ended', ({ run }) => resolve(run)));
  await call('runs.generate', { model: 'tiny-student', prompt: 'a red boat', steps: 2 });
  expect(await drawn).toMatchObject({ state: 'done', images: [{ model: 'tiny-student' }] });

  // Handed out: a folder that runs without its teacher beside it, the same as a zip, the transformer as ONNX.
  const exported = await call('jobs.export', { job: id, format: 'folder' });
  const [copy] = await new ModelRegistry([{ path: join(exported.path, '..'), embedded: false }]).list();
  expect(copy).toMatchObject({ id: 'tiny-student', teacher: null, kind: 'student', problem: null });
  const zip = await call('jobs.export', { job: id, format: 'zip' });
  expect(zip.path).toMatch(/tiny-student\.zip$/);
  const files = (await readdir(exported.path, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const unpacked = unzip(await readFile(zip.path));
  expect([...unpacked.keys()].sort()).toEqual(files.map((file) => file.slice(join(exported.path, '..').length + 1)).sort());
  for (const file of files) expect(unpacked.get(file.slice(join(exported.path, '..').length + 1))?.equals(await readFile(file))).toBe(true);
  await sameVelocity((await call('jobs.export', { job: id, format: 'onnx' })).path, join(studio.libraryDir, 'models'));
  expect((await call('jobs.export', { job: id, format: 'onnx' })).path).toMatch(/tiny-student-2\.onnx$/);

  await call('jobs.delete', { job: id, model: true });
  expect((await call('models.list', {})).map((model) => model.id)).toEqual(['storybook']);
  expect(await refused('jobs.get', { job: id })).toMatchObject({ code: 'not-found' });
  expect(await call('jobs.restore', { job: id })).toMatchObject({ id, state: 'done', model: 'tiny-student' });
  expect((await call('models.list', {})).map((model) => model.id)).toEqual(['storybook', 'tiny-student']);
  expect(await refused('jobs.resume', { job: id })).toMatchObject({ code: 'invalid-input', hint: expect.stringContaining('Duplicate') });
  expect(await call('jobs.duplicate', { job: id })).toEqual({ ...done.config, name: 'tiny-student-2' });
  await close();
});

/** The exported transformer does what the studio's own does. */
async function sameVelocity(file: string, library: string): Promise<void> {
  const registry = new ModelRegistry([library, models].map((path) => ({ path, embedded: false })));
  const { transformer, textEncoder } = await registry.resolve('tiny-student');
  const { config } = transformer;
  const numbers = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * 1.7));
  const tokenCount = textEncoder.config.max_position_embeddings;
  const [latents, tokens, pooled, nullPooled] = [config.in_channels * config.sample_size ** 2, tokenCount * config.joint_attention_dim, config.pooled_projection_dim, config.pooled_projection_dim].map(numbers);
  const own = openTransformer(transformer, { threads: 1 });
  const [expected] = await own.velocity(latents!, 0.5, [{ embedding: { tokens: tokens!, tokenCount, pooled: pooled! }, guidance: { scale: 3, nullPooled: nullPooled! } }]);
  await own.close();
  const session = await ort.InferenceSession.create(file, { intraOpNumThreads: 1 });
  const side = config.sample_size;
  const tensor = (data: Float32Array, ...shape: number[]) => new ort.Tensor('float32', data, shape);
  const { velocity } = await session.run({
    latents: tensor(latents!, 1, config.in_channels, side, side), timestep: tensor(Float32Array.of(500), 1), tokens: tensor(tokens!, 1, tokenCount, config.joint_attention_dim),
    pooled: tensor(pooled!, 1, config.pooled_projection_dim), guidance: tensor(Float32Array.of(3), 1), nullPooled: tensor(nullPooled!, 1, config.pooled_projection_dim),
  });
  await session.release();
  const error = Math.max(...expected!.map((value, i) => Math.abs(value - (velocity!.data as Float32Array)[i]!)));
  expect(error).toBeLessThan(1e-4 * Math.max(...expected!.map(Math.abs)));
}

it('jobs wait in an order that can be changed; one runs at a time; one that waits can be held back and given up', async () => {
  const libraryDir = await temporaryFolder('library');
  const { call, refused, reached, close } = await opened(libraryDir);
  const start = async () => call('jobs.start', { config: tinyJob({ steps: 100_000 }) });
  const order = async () => (await call('jobs.list', {})).jobs.map((job) => `${job.name} ${job.state} ${job.position}`);
  const [a, b, c] = [await start(), await start(), await start()] as [JobRecord, JobRecord, JobRecord];
  expect([a, b, c].map(({ name }) => name)).toEqual(['tiny-student', 'tiny-student-2', 'tiny-student-3']);
  await reached(a.id, 'estimating', 'running');
  expect((await order()).slice(1)).toEqual(['tiny-student-2 queued 0', 'tiny-student-3 queued 1']);
  expect((await call('jobs.reorder', { job: c.id, before: b.id })).jobs.map(({ id }) => id)).toEqual([a.id, c.id, b.id]);
  expect(await refused('jobs.reorder', { job: a.id, before: null })).toMatchObject({ code: 'invalid-input' });
  expect(await refused('jobs.reorder', { job: b.id, before: 'nobody' })).toMatchObject({ code: 'invalid-input' });
  expect(await refused('jobs.sampleNow', { job: b.id })).toMatchObject({ code: 'invalid-input' });
  expect(await call('jobs.pause', { job: c.id })).toMatchObject({ state: 'paused', position: null });
  expect(await call('jobs.get', { job: b.id })).toMatchObject({ position: 0 });
  expect(await call('jobs.cancel', { job: b.id })).toMatchObject({ state: 'cancelled' });

  // Stopped while its cost is measured or while it learns: the next takes its turn. A queue outlives the studio.
  await call('jobs.resume', { job: c.id });
  expect(await call('jobs.cancel', { job: a.id })).toMatchObject({ state: 'cancelled', reason: null });
  await reached(c.id, 'estimating', 'running');
  await close();
  const again = await opened(libraryDir);
  expect(await again.call('jobs.get', { job: c.id })).toMatchObject({ state: 'interrupted', reason: { message: expect.stringContaining('closed'), hint: expect.stringContaining('Resume') } });
  await again.call('jobs.delete', { job: c.id });
  await again.close();
});

it('goes on from an earlier student, of its own kind only, and says so', async () => {
  const { studio, call, reached, close } = await opened();
  const first = await call('jobs.start', { config: tinyJob({ name: 'first', steps: 2 }) });
  const { model } = await reached(first.id, 'done');
  const other = await call('jobs.start', { config: tinyJob({ initFrom: model, kind: 'distillcfg', steps: 2 }) });
  expect(await reached(other.id, 'failed')).toMatchObject({ reason: { code: 'invalid-input', message: expect.stringContaining('of the kind teefusion') } });
  const second = await call('jobs.start', { config: tinyJob({ name: 'second', initFrom: model, steps: 2, seed: 2 }) });
  await reached(second.id, 'done');
  const made = JSON.parse(await readFile(join(studio.libraryDir, 'models', 'second', 'distillation.json'), 'utf8')) as Record<string, unknown>;
  const hash = (await call('models.list', {})).find(({ id }) => id === model)!.hash;
  expect(made).toMatchObject({ init_from: { student: model, hash, training: { steps: 2, seed: 1 } }, training: { seed: 2 } });
  const card = await readFile(join(studio.libraryDir, 'models', 'second', 'README.md'), 'utf8');
  expect(card).toMatch(/Trained on \d+ samples more .*, after the \d+ of `first`/);
  await close();
});

it('refuses what cannot work, and says why', async () => {
  const { call, refused, reached, close } = await opened();
  expect(await refused('jobs.start', { config: tinyJob({ teacher: 'nobody' }) })).toMatchObject({ code: 'not-found' });
  expect(await refused('jobs.start', { config: tinyJob({ initFrom: 'nobody' }) })).toMatchObject({ code: 'not-found' });
  expect(await refused('jobs.start', { config: tinyJob({ initFrom: 'storybook' }) })).toMatchObject({ code: 'invalid-input', message: expect.stringContaining('is a teacher, not a student') });
  expect(await refused('jobs.start', { config: tinyJob({ source: { kind: 'list', prompts: ['a'] } }) })).toMatchObject({ code: 'invalid-input', message: expect.stringContaining('trajectories') });
  expect(await refused('jobs.estimate', { config: tinyJob({ source: { kind: 'file', path: '/etc/passwd' }, pointsFrom: 'trajectories' }) })).toMatchObject({ code: 'permission', hint: expect.stringContaining('--allow') });
  const empty = await call('jobs.start', { config: tinyJob({ source: { kind: 'library' }, pointsFrom: 'trajectories' }) });
  expect(await reached(empty.id, 'failed')).toMatchObject({ reason: { code: 'invalid-input', message: expect.stringContaining('no prompts yet') } });
  await close();
});

it('what a job becomes depends on what happened and on what was wished', () => {
  const error = (code: 'cancelled' | 'disk-full' | 'engine-crashed' | 'unsupported') => ({ code, message: 'It happened.' });
  expect(endOf('paused', error('cancelled'))).toEqual({ state: 'paused', reason: null });
  expect(endOf('closing', error('cancelled'))).toMatchObject({ state: 'interrupted', reason: { hint: expect.stringContaining('Resume') } });
  expect(endOf('cancelled', error('engine-crashed'))).toEqual({ state: 'cancelled', reason: null });
  expect(endOf('paused', error('engine-crashed'))).toMatchObject({ state: 'paused', reason: { code: 'engine-crashed' } });
  expect(endOf(null, error('engine-crashed'))).toMatchObject({ state: 'interrupted' });
  expect(endOf(null, error('disk-full'))).toMatchObject({ state: 'paused', reason: { hint: expect.stringContaining('Free some space') } });
  expect(endOf('paused', error('unsupported'))).toMatchObject({ state: 'failed', reason: { code: 'unsupported' } });
});
