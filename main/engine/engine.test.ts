// The real engine over a real checkpoint: what the supervisor promises, without a stand-in.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTinyCheckpoint, createTinyStudent } from '../../tests/fixtures/tiny.ts';
import type { PictureJob } from './messages.ts';
import { findNode } from './node-binary.ts';
import { EngineSupervisor } from './supervisor.ts';

const tinyTeacher = 'tiny';
const tinyStudent = 'tiny-student';
let models: string;
let engine: EngineSupervisor;

beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), 'models-'));
  await createTinyCheckpoint(models, tinyTeacher);
  await createTinyStudent(models, tinyStudent, tinyTeacher);
  engine = new EngineSupervisor({
    command: { node: findNode(), entry: join(import.meta.dirname, 'process.ts') }, modelDirs: [models], settings: { device: 'cpu', threads: 2 },
  });
});

afterAll(async () => {
  await engine.close();
  await rm(models, { recursive: true });
});

function job(id: string, changes: Partial<PictureJob> = {}): PictureJob {
  return {
    model: { id, hash: '' }, prompt: 'a red boat on the sea', negativePrompt: '', guidance: 5, steps: 4, seed: 7, sampler: 'euler', reflection: {}, ...changes,
  };
}

it('draws a teacher\'s and a student\'s picture, the same again for the same request', async () => {
  const steps: number[] = [];
  const teacher = await engine.sample(job(tinyTeacher), { onStep: ({ step, preview }) => (expect(preview?.width).toBe(8), steps.push(step)) });
  expect(steps).toEqual([1, 2, 3, 4]);
  expect(teacher).toMatchObject({ nfe: 8, provider: 'cpu', threads: 2, picture: { width: 64, height: 64 } });
  expect(teacher.runtime).toMatch(/^\d+\.\d+/);
  const student = await engine.sample(job(tinyStudent));
  expect(student.nfe).toBe(4);
  expect((await engine.sample(job(tinyTeacher))).picture).toEqual(teacher.picture);
  expect((await engine.sample(job(tinyStudent, { guidance: 2 }))).picture).not.toEqual(student.picture);
});

it('loses the running picture only when the process is killed', async () => {
  const pid = engine.pid!;
  let running!: () => void;
  const started = new Promise<void>((resolve) => (running = resolve));
  const lost = engine.sample(job(tinyTeacher, { steps: 200 }), { onStep: () => running() });
  const next = engine.sample(job(tinyTeacher));
  lost.catch(() => {});
  await started;
  process.kill(pid, 'SIGKILL');
  await expect(lost).rejects.toMatchObject({ code: 'engine-crashed' });
  expect((await next).nfe).toBe(8);
});

it('stops within one step when told', async () => {
  const abort = new AbortController();
  let last = 0;
  const stopped = engine.sample(job(tinyTeacher, { steps: 200 }), {
    signal: abort.signal,
    onStep: ({ step }) => {
      last = step;
      abort.abort();
    },
  });
  await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
  const pid = engine.pid;
  await engine.sample(job(tinyStudent));
  expect(engine.pid).toBe(pid);
  // Steps that were on their way when the request to stop arrived; of 200 all the others are not made.
  expect(last).toBeLessThan(20);
});

it('says clearly which model it cannot find or read', async () => {
  await expect(engine.sample(job('nowhere'))).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('nowhere') });
});
