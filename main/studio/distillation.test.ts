// Distillation as the studio does it: a real process, a real tiny teacher, a student that is listed and draws.
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, afterEach, expect, it, vi } from 'vitest';
import { createTinyCheckpoint, createTinyStudent } from '../../tests/fixtures/tiny.ts';
import { ModelRegistry } from '../checkpoints/registry.ts';
import { DistillRequest, type DistillProgress } from '../contract/distillation.ts';
import { openStudio } from '../studio.ts';
import { distilStudent, type DistillPlaces } from './distillation.ts';

vi.setConfig({ testTimeout: 480_000 });

let embedded: string;
let libraryDir: string;
let places: DistillPlaces;
beforeAll(async () => {
  embedded = await mkdtemp(join(tmpdir(), 'models-'));
  await createTinyCheckpoint(embedded);
  await createTinyStudent(embedded, 'storybook-teefusion');
});
afterAll(() => rm(embedded, { recursive: true }));
beforeEach(async () => {
  libraryDir = await mkdtemp(join(tmpdir(), 'library-'));
  places = { libraryDir, out: null, folders: [{ path: join(libraryDir, 'models'), embedded: false }, { path: embedded, embedded: true }] };
});
afterEach(() => rm(libraryDir, { recursive: true }));

const request = (changes: Partial<DistillRequest> = {}) => DistillRequest.parse({ name: 'tiny-student', steps: 4, batch: 4, points: 20, threads: 1, ...changes });
const watch = (changes: Partial<Parameters<typeof distilStudent>[2]> = {}) => ({
  signal: new AbortController().signal, onProgress: () => {}, onWarning: (message: string) => expect.fail(message), ...changes,
});
const ids = async () => (await new ModelRegistry(places.folders).list()).map(({ id }) => id);
const weights = (folder: string) => readFile(join(folder, 'transformer', 'diffusion_pytorch_model.safetensors'));

it('ends with a registered student that draws, and leaves nothing else', async () => {
  const seen: DistillProgress[] = [];
  const { folder, ...outcome } = await distilStudent(request({ strategy: 'z-sampling', scheduleSteps: 6 }), places, watch({ onProgress: (progress) => seen.push(progress) }));
  expect(folder).toBe(join(libraryDir, 'models', 'tiny-student'));
  expect(outcome).toEqual({ samples: 16, loss: expect.any(Number), fusionScale: expect.any(Number) });
  expect(seen.map(({ phase, step }) => `${phase} ${step}`)).toEqual(['teaching 16', 'teaching 20', 'learning 1', 'learning 2', 'learning 3', 'learning 4']);
  expect(await readdir(join(libraryDir, 'models'))).toEqual(['tiny-student']);
  expect(await readdir(join(libraryDir, 'training'))).toEqual([]);

  const studio = await openStudio({ libraryDir, modelDirs: [embedded] });
  try {
    await studio.call('settings.set', { device: 'cpu', threads: 1 });
    const listed = await studio.call('models.list', {});
    expect(listed.ok && listed.value.find(({ id }) => id === 'tiny-student')).toMatchObject({
      kind: 'student', guidanceKind: 'teefusion', teacher: 'storybook', distilledFrom: 'z-sampling', distilledSteps: 6, guidanceRange: [1, 9], problem: null, embedded: false,
      card: expect.stringContaining('Z-Sampling'),
    });
    const ended = new Promise((resolve) => studio.on('run.ended', ({ run }) => resolve(run)));
    // A comparison under that sampler chooses it by itself.
    const begun = await studio.call('runs.compare', { prompt: 'a red boat on the sea', steps: 6, sampler: 'z-sampling' });
    expect(begun).toMatchObject({ ok: true, value: { student: 'tiny-student', warnings: [] } });
    expect(await ended).toMatchObject({ state: 'done', images: [{ role: 'teacher' }, { role: 'student', nfe: 6 }] });
  } finally {
    await studio.close();
  }
});

it('goes on after a stop and after a kill with the weights it would have had', async () => {
  const whole = await distilStudent(request({ name: 'whole', seed: 3 }), places, watch());
  const parts = request({ name: 'parts', seed: 3 });
  const stop = new AbortController();
  await expect(distilStudent(parts, places, watch({ signal: stop.signal, onProgress: ({ phase }) => void (phase === 'learning' && stop.abort()) })))
    .rejects.toMatchObject({ code: 'cancelled', hint: expect.stringContaining('goes on') });
  expect(await ids()).not.toContain('parts');

  let pid: number | undefined;
  await expect(distilStudent(parts, places, watch({ onStart: (started) => void (pid = started), onProgress: () => process.kill(pid!, 'SIGKILL') })))
    .rejects.toMatchObject({ code: 'engine-crashed', message: expect.stringContaining('SIGKILL'), hint: expect.stringContaining('checkpoint') });
  expect(await ids()).not.toContain('parts');

  const steps: number[] = [];
  const resumed = await distilStudent(parts, places, watch({ onProgress: ({ phase, step }) => steps.push(phase === 'learning' ? step : NaN) }));
  expect(steps.length).toBeLessThan(4);
  expect(steps).not.toContain(NaN);
  expect(await weights(resumed.folder)).toEqual(await weights(whole.folder));
  expect(resumed.loss).toBe(whole.loss);
});

it('refuses what cannot work before it begins', async () => {
  const refused = (changes: Partial<DistillRequest>) => expect(distilStudent(request(changes), places, watch({ onStart: () => expect.fail('a process was started') }))).rejects;
  await refused({ teacher: 'nobody' }).toMatchObject({ code: 'not-found', message: expect.stringContaining('"nobody"') });
  await refused({ teacher: 'storybook-teefusion' }).toMatchObject({ code: 'invalid-input', message: expect.stringContaining('is a student') });
  await refused({ name: 'storybook' }).toMatchObject({ code: 'invalid-input', hint: expect.stringContaining('--name') });
  await mkdir(join(libraryDir, 'models', 'mine'), { recursive: true });
  await refused({ name: 'mine' }).toMatchObject({ code: 'invalid-input', message: expect.stringContaining('"mine" already') });
});

it('does one distillation of a name at a time', async () => {
  let second: Promise<unknown> | null = null;
  const stop = new AbortController();
  const first = distilStudent(request(), places, watch({
    signal: stop.signal,
    onProgress: () => {
      second ??= distilStudent(request(), places, watch()).catch((thrown: unknown) => thrown).finally(() => stop.abort());
    },
  }));
  await first.catch(() => {});
  expect(await second).toMatchObject({ code: 'busy' });
});

it('a process that cannot start says what it said', async () => {
  await expect(distilStudent(request(), { ...places, entry: join(libraryDir, 'missing.ts') }, watch()))
    .rejects.toMatchObject({ code: 'engine-crashed', details: expect.stringContaining('missing.ts') });
});
