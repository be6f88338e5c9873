// `studio jobs`: the list without a studio, and going on with a job that a closed studio left.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { createTinyCheckpoint } from '../../tests/fixtures/tiny.ts';
import { JobRecord } from '../contract/jobs.ts';
import { openJobStudio, tinyJob } from '../studio/testing/jobs.ts';
import { killAll, studio } from './testing/run-program.ts';

vi.setConfig({ testTimeout: 480_000, hookTimeout: 120_000 });

const folder = mkdtempSync(join(tmpdir(), 'teefusion-jobs-'));
const [models, library] = [join(folder, 'models'), join(folder, 'library')];
const places = ['--models', models, '--library', library];
beforeAll(async () => void (await createTinyCheckpoint(models)));
afterEach(killAll);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('are listed, and one that was interrupted goes on to its end', async () => {
  const open = await openJobStudio({ libraryDir: library, modelDirs: [models] });
  const { id } = await open.call('jobs.start', { config: tinyJob({ steps: 30, source: { kind: 'list', prompts: ['a red ball'] }, pointsFrom: 'trajectories' }) });
  await open.reached(id, 'running', 'done');
  await open.close();

  const listed = JSON.parse((await studio('jobs', '--json', ...places)).stdout) as { jobs: unknown[] };
  expect(listed.jobs.map((job) => JobRecord.parse(job))).toMatchObject([{ id, name: 'tiny-student' }]);
  expect((await studio('jobs', ...places)).stdout).toContain('tiny-student');

  const done = await studio('jobs', 'resume', 'tiny-student', '--json', ...places);
  expect(done).toMatchObject({ code: 0 });
  expect(JobRecord.parse(JSON.parse(done.stdout))).toMatchObject({ id, state: 'done', model: 'tiny-student', checkpointStep: 30 });
  const again = await studio('jobs', 'resume', id, '--json', ...places);
  expect(again.code).toBe(1);
  expect(JSON.parse(again.stdout)).toMatchObject({ error: { code: 'invalid-input' } });
});

it('says what it does not understand', async () => {
  expect(await studio('jobs', 'start', ...places)).toMatchObject({ code: 2, stderr: expect.stringContaining('"start"') });
  expect(await studio('jobs', 'resume', ...places)).toMatchObject({ code: 2, stderr: expect.stringContaining('missing') });
  expect(await studio('jobs', 'resume', 'nothing', '--library', join(folder, 'empty'))).toMatchObject({ code: 1, stderr: expect.stringContaining('no library') });
});
