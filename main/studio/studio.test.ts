// The studio whole: real library, real engine process, a real if untrained checkpoint. Only the window is missing.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTinyCheckpoint, createTinyStudent } from '../../tests/fixtures/tiny.ts';
import { calls, eventNames, events, type CallInput, type CallName, type CallOutput, type EventData, type EventName } from '../contract/contract.ts';
import type { RunRecord } from '../contract/schemas.ts';
import { openStudio, type Studio } from '../studio.ts';

let models: string;
let libraryDir: string;
let studio: Studio;
let seen: { [E in EventName]: { name: E; data: EventData<E> } }[EventName][] = [];
/** What the studio would tell whoever looks after it; a listener that throws, such as one with a failed expectation, lands here. */
const logged: string[] = [];

beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), 'models-'));
  await createTinyCheckpoint(models);
  await createTinyStudent(models);
  libraryDir = await mkdtemp(join(tmpdir(), 'library-'));
  studio = await open();
});
afterAll(async () => {
  await studio.close();
  await rm(models, { recursive: true });
  await rm(libraryDir, { recursive: true });
});

async function open(): Promise<Studio> {
  const opened = await openStudio({ libraryDir, modelDirs: [models], log: (line) => logged.push(line) });
  for (const name of eventNames) {
    opened.on(name, (data) => {
      expect(events[name].safeParse(data).error?.message).toBeUndefined();
      seen.push({ name, data } as (typeof seen)[number]);
    });
  }
  return opened;
}

beforeEach(async () => {
  await call('settings.set', { device: 'cpu', threads: 1 });
  seen = [];
});
afterEach(async () => {
  await call('live.stop', {});
  for (const { id } of (await call('runs.list', {})).runs) await call('runs.cancel', { run: id });
  expect(logged.splice(0)).toEqual([]);
});

/** A call that must succeed, its answer checked against the contract. */
async function call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> {
  const answer = await studio.call(name, input);
  if (!answer.ok) throw new Error(`${name}: ${answer.error.code}: ${answer.error.message}`);
  return calls[name].output.parse(answer.value) as CallOutput<N>;
}

function event<E extends EventName>(name: E, matches: (data: EventData<E>) => boolean): Promise<EventData<E>> {
  const past = seen.find((entry) => entry.name === name && matches(entry.data as EventData<E>));
  if (past) return Promise.resolve(past.data as EventData<E>);
  return new Promise((resolve) => {
    const off = studio.on(name, (data) => {
      if (!matches(data)) return;
      off();
      resolve(data);
    });
  });
}

const ended = async ({ id }: RunRecord) => (await event('run.ended', ({ run }) => run.id === id)).run;
const errorOf = async (name: string, input: unknown) => {
  const answer = await studio.call(name, input);
  return answer.ok ? null : answer.error;
};
const boat = { prompt: 'a red boat on the sea', steps: 4 };

describe('a comparison', () => {
  it('is stored, drawn by both models, and every picture is on disk before it is reported', async () => {
    studio.on('run.image', ({ image }) => {
      const file = readFileSync(studio.imagePath(image.id));
      expect(createHash('sha256').update(file).digest('hex')).toBe(image.sha256);
    });
    const queued = await call('runs.compare', boat);
    expect(queued).toMatchObject({ state: 'queued', kind: 'compare', teacher: 'storybook', student: 'storybook-teefusion', warnings: [], images: [] });
    const run = await ended(queued);
    expect(run).toMatchObject({ state: 'done', error: null });
    expect(run.images.map(({ role, nfe, device, threads, sampler }) => [role, nfe, device, threads, sampler])).toEqual([
      ['teacher', 8, 'cpu', 1, 'euler'], ['student', 4, 'cpu', 1, 'euler'],
    ]);
    for (const { ms, samplingMs, decodeMs } of run.images) expect(ms).toBeCloseTo(samplingMs + decodeMs);
    const order = seen.filter(({ name }) => name.startsWith('run.')).map(({ name, data }) => ('role' in data ? `${data.role} ${data.step}` : name));
    // Between the first step and the last those are told that somebody could see.
    expect(order.filter((told) => !/ [23]$/.test(told))).toEqual([
      'run.changed', 'run.started', 'teacher 1', 'teacher 4', 'run.image', 'student 1', 'student 4', 'run.image', 'run.ended',
    ]);
    expect((await call('runs.list', {})).runs[0]).toEqual(run);
    expect(await call('images.get', { image: run.images[1]!.id })).toEqual(run.images[1]);
  });

  it('gives the same files for the same request, and a replay that is identical', async () => {
    const [first, second] = [await ended(await call('runs.compare', boat)), await ended(await call('runs.compare', boat))];
    expect(second.images.map(({ sha256 }) => sha256)).toEqual(first.images.map(({ sha256 }) => sha256));
    for (const { id } of first.images) {
      expect(await call('images.replay', { image: id })).toMatchObject({ identical: true, sameConditions: true, withinTolerance: true, psnr: null });
    }
    await call('settings.set', { threads: 2 });
    expect(await call('images.replay', { image: first.images[0]!.id })).toMatchObject({ sameConditions: false, withinTolerance: true });
  });

  it('warns of what a person should know, before the first step', async () => {
    const { warnings } = await call('runs.compare', { prompt: 'a cyberpunk boat', steps: 2, guidance: 20, sampler: 'z-sampling' });
    expect(warnings.map(({ code }) => code)).toEqual(['unknown-words', 'guidance-range', 'student-sampler', 'student-of-other-sampler']);
    expect(warnings[0]!.message).toBe("'cyberpunk' is not in this model's vocabulary.");
  });

  it('reflects with the teacher only', async () => {
    const run = await ended(await call('runs.compare', { ...boat, sampler: 'w2sd', reflection: { weakGuidance: 1, guard: false } }));
    expect(run.images.map(({ role, nfe, sampler, reflection, effectiveGuidance }) => ({ role, nfe, sampler, reflection, effectiveGuidance }))).toEqual([
      { role: 'teacher', nfe: 3 * 5 + 2, sampler: 'w2sd', reflection: { weakGuidance: 1, guard: false }, effectiveGuidance: 9 },
      { role: 'student', nfe: 4, sampler: 'euler', reflection: {}, effectiveGuidance: 5 },
    ]);
  });

  it('takes 0 and 1 as ordinary guidance', async () => {
    for (const guidance of [0, 1]) expect((await ended(await call('runs.compare', { ...boat, guidance }))).images[0]).toMatchObject({ guidance, nfe: 4 });
  });

  it('is refused with a clear error, and stores nothing, when it cannot be', async () => {
    const { total } = await call('runs.list', {});
    expect(await errorOf('runs.compare', { prompt: 'a', steps: 0 })).toMatchObject({ code: 'invalid-input', message: expect.stringContaining('steps') });
    expect(await errorOf('runs.compare', { prompt: 'a', teacher: 'nobody' })).toMatchObject({ code: 'not-found', message: expect.stringContaining('nobody') });
    expect(await errorOf('runs.compare', { prompt: 'a', teacher: 'storybook-teefusion' })).toMatchObject({ code: 'invalid-input' });
    expect(await errorOf('runs.compare', { prompt: 'a', student: 'storybook' })).toMatchObject({ code: 'invalid-input' });
    expect(await errorOf('runs.compare', null)).toMatchObject({ code: 'invalid-input' });
    expect(await errorOf('no.such', {})).toMatchObject({ code: 'not-found' });
    expect(await errorOf('toString', {})).toMatchObject({ code: 'not-found' });
    expect((await call('runs.list', {})).total).toBe(total);
  });
});

describe('the queue of runs', () => {
  it('makes pictures of one model with one seed after the other', async () => {
    const run = await ended(await call('runs.generate', { ...boat, model: 'storybook-teefusion', count: 3, seed: 4294967294 }));
    expect(run.images.map(({ role, seed, model }) => [role, seed, model])).toEqual([
      ['single', 4294967294, 'storybook-teefusion'], ['single', 4294967295, 'storybook-teefusion'], ['single', 0, 'storybook-teefusion'],
    ]);
    expect(run).toMatchObject({ teacher: null, student: 'storybook-teefusion', state: 'done' });
  });

  it('works on one run at a time and cancels what waits at once, what runs within a step', async () => {
    const running = await call('runs.generate', { prompt: 'a boat', model: 'storybook', steps: 200, count: 50 });
    const waiting = await call('runs.compare', boat);
    const last = await call('runs.compare', boat);
    await event('run.step', ({ run }) => run === running.id);
    expect((await call('app.status', {})).queued).toBe(3);
    expect(await call('runs.cancel', { run: waiting.id })).toMatchObject({ state: 'cancelled', images: [] });
    expect((await call('runs.get', { run: running.id })).state).toBe('running');
    expect(await call('runs.cancel', { run: running.id })).toMatchObject({ state: 'cancelled', error: null });
    expect(await ended(last)).toMatchObject({ state: 'done' });
    expect(await call('runs.cancel', { run: last.id })).toMatchObject({ state: 'done' });
    expect(seen.some(({ name, data }) => name === 'run.started' && data.run.id === waiting.id)).toBe(false);
  });

  it('loses one run to a dead engine, not the studio', async () => {
    const doomed = await call('runs.generate', { prompt: 'a boat', model: 'storybook', steps: 200, count: 1000 });
    await event('run.step', ({ run }) => run === doomed.id);
    process.kill(studio.enginePid!, 'SIGKILL');
    expect(await ended(doomed)).toMatchObject({ state: 'failed', error: { code: 'engine-crashed' } });
    expect(await ended(await call('runs.compare', boat))).toMatchObject({ state: 'done' });
  });

  it('ends in order when the studio closes', async () => {
    const [running, waiting] = [await call('runs.generate', { prompt: 'a', model: 'storybook', steps: 200, count: 1000 }), await call('runs.compare', boat)];
    // So many pictures that no pause of this process lets them all be made.
    await event('run.step', () => true);
    await studio.close();
    expect(await errorOf('runs.list', {})).toMatchObject({ code: 'cancelled' });
    studio = await open();
    const { runs } = await call('runs.list', {});
    expect(runs.slice(0, 2).map(({ id, state }) => [id, state])).toEqual([[waiting.id, 'cancelled'], [running.id, 'cancelled']]);
  });

  it('survives its own deletion', async () => {
    const run = await ended(await call('runs.compare', boat));
    await call('runs.verdict', { run: run.id, verdict: 'student' });
    await call('runs.delete', { run: run.id });
    expect(await errorOf('runs.get', { run: run.id })).toMatchObject({ code: 'not-found' });
    expect(await call('runs.restore', { run: run.id })).toEqual({ ...run, verdict: 'student' });
    expect(seen.filter(({ name }) => name === 'run.deleted')).toHaveLength(1);
  });
});

describe('live guidance', () => {
  const live = { prompt: 'a red boat', guidance: 3, seed: 1, student: 'storybook-teefusion' };

  it('draws a preview that is stored nowhere', async () => {
    const { total } = await call('runs.list', {});
    const { ticket } = await call('live.request', live);
    expect(await event('live.frame', (frame) => frame.ticket === ticket)).toMatchObject({ guidance: 3, steps: 4, nfe: 4, picture: { width: 64, height: 64 } });
    expect((await call('runs.list', {})).total).toBe(total);
  });

  it('answers every ticket and draws the newest', async () => {
    const tickets: number[] = [];
    for (const guidance of [1, 2, 3, 4, 5]) tickets.push((await call('live.request', { ...live, guidance })).ticket);
    expect((await event('live.frame', ({ ticket }) => ticket === tickets.at(-1))).guidance).toBe(5);
    const answered = seen.flatMap(({ name, data }) => (name === 'live.frame' || (name === 'live.failed' && data.error.code === 'cancelled') ? [data.ticket] : []));
    expect([...answered].sort()).toEqual(tickets);
  });

  it('waits for a run instead of slowing it down', async () => {
    const run = await call('runs.generate', { prompt: 'a boat', model: 'storybook', steps: 200 });
    await event('run.step', () => true);
    await call('live.request', live);
    await event('live.frame', () => true);
    const order = seen.flatMap(({ name, data }) => (name === 'live.frame' || (name === 'run.ended' && data.run.id === run.id) ? [name] : []));
    expect(order).toEqual(['run.ended', 'live.frame']);
  });

  it('stops when it is told to, and says what it cannot draw', async () => {
    const run = await call('runs.generate', { prompt: 'a boat', model: 'storybook', steps: 200 });
    const { ticket } = await call('live.request', live);
    await call('live.stop', {});
    expect(await event('live.failed', (failure) => failure.ticket === ticket)).toMatchObject({ error: { code: 'cancelled' } });
    await call('runs.cancel', { run: run.id });
    const { ticket: unknown } = await call('live.request', { ...live, student: 'nobody' });
    expect(await event('live.failed', (failure) => failure.ticket === unknown)).toMatchObject({ error: { code: 'not-found' } });
  });
});

describe('the studio about itself', () => {
  it('knows its models, their words, and damaged ones by their problem', async () => {
    const own = join(libraryDir, 'models', 'broken');
    await mkdir(own, { recursive: true });
    await writeFile(join(own, 'model_index.json'), '{');
    const list = await call('models.list', {});
    expect(list.map(({ id, kind, embedded, problem }) => [id, kind, embedded, problem === null])).toEqual(
      expect.arrayContaining([['storybook', 'teacher', true, true], ['storybook-teefusion', 'student', true, true], ['broken', 'teacher', false, false]]),
    );
    expect(await errorOf('runs.generate', { prompt: 'a', model: 'broken' })).toMatchObject({ code: 'corrupt-file' });
    const vocabulary = await call('models.vocabulary', { model: 'storybook' });
    expect(vocabulary).toMatchObject({ open: false, examples: expect.arrayContaining(['a red boat on the sea']) });
    expect(await call('prompt.check', { model: 'storybook', prompt: 'a Cyberpunk boat' })).toMatchObject({ tokens: 3, truncated: false, unknownWords: ['Cyberpunk'] });
  });

  it('changes one setting and leaves the others', async () => {
    await call('settings.set', { theme: 'dark' });
    await call('settings.set', { threads: 2 });
    expect(await call('settings.get', {})).toMatchObject({ theme: 'dark', threads: 2, device: 'cpu' });
    expect(await errorOf('settings.set', { threads: -1 })).toMatchObject({ code: 'invalid-input' });
  });

  it('tells versions, devices with reasons, places and room', async () => {
    const doctor = await call('app.doctor', {});
    expect(doctor.onnxruntime).toMatch(/^1\./);
    expect(doctor.sqlite).toMatch(/^3\./);
    expect(doctor.devices.filter(({ chosen }) => chosen)).toEqual([expect.objectContaining({ provider: 'cpu', usable: true })]);
    expect(doctor.paths).toMatchObject({ library: libraryDir, models });
    expect(doctor.freeDiskBytes).toBeGreaterThan(0);
    expect(await call('app.status', {})).toMatchObject({ state: 'idle', device: 'cpu', threads: 1, queued: 0 });
  });

  it('lets nobody else open its library', async () => {
    await expect(openStudio({ libraryDir, modelDirs: [models] })).rejects.toMatchObject({ code: 'library-locked' });
  });
});
