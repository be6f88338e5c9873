// Jobs that train adapters: reckoned by their smaller state, killed and gone on with bit for bit, handed out with their adapters.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it, vi } from 'vitest';
import { loraFile, loraFolder, wholeFile } from '../checkpoints/lora.ts';
import type { JobConfigInput, JobRecord } from '../contract/jobs.ts';
import { openJobStudio, temporaryFolder, tinyJob, tinyModels, type JobStudio } from './testing/jobs.ts';

vi.setConfig({ testTimeout: 900_000, hookTimeout: 120_000 });

const config = tinyJob({ kind: 'distillcfg', steps: 30, checkpointEvery: 4, lora: { rank: 2 } });
let studio: JobStudio;
beforeAll(async () => {
  studio = await openJobStudio({ libraryDir: await temporaryFolder('library'), modelDirs: [await tinyModels()] });
});

const started = async (job: JobConfigInput): Promise<string> => (await studio.call('jobs.start', { config: job })).id;
const modelFolder = ({ model }: JobRecord): string => join(studio.studio.libraryDir, 'models', model!);

it('a job of adapters costs less, survives a kill bit for bit, and is handed out with what it learned', async () => {
  const { call, reached, learned } = studio;
  const [small, large] = [await call('jobs.estimate', { config }), await call('jobs.estimate', { config: { ...config, lora: null } })];
  expect(small.refusal).toBeNull();
  expect(small.diskBytes).toBeLessThan(0.6 * large.diskBytes);

  const resultOf = async (job: JobRecord) => {
    const files = ['transformer/diffusion_pytorch_model.safetensors', `${loraFolder}/${loraFile}`, `${loraFolder}/${wholeFile}`];
    const { ms: _, ...metrics } = await call('jobs.metrics', { job: job.id });
    return { metrics, files: await Promise.all(files.map((name) => readFile(join(modelFolder(job), name)))) };
  };
  const whole = await reached(await started({ ...config, name: 'whole' }), 'done');
  const id = await started({ ...config, name: 'parts' });
  await learned(id, 6 + Math.floor(12 * Math.random()));
  process.kill(studio.studio.trainingPid!, 'SIGKILL');
  expect(await reached(id, 'interrupted')).toMatchObject({ reason: { code: 'engine-crashed' } });
  await call('jobs.resume', { job: id });
  const done = await reached(id, 'done');
  expect(await resultOf(done)).toEqual(await resultOf(whole));
  expect(JSON.parse(await readFile(join(modelFolder(done), 'distillation.json'), 'utf8'))).toMatchObject({ training: { lora: { rank: 2, alpha: 2 } } });

  const exported = await call('jobs.export', { job: id, format: 'folder' });
  expect((await readdir(join(exported.path, loraFolder))).sort()).toEqual([loraFile, wholeFile]);
});

it('a rank that no matrix of the teacher has is refused when it is estimated', async () =>
  expect(await studio.refused('jobs.estimate', { config: { ...config, lora: { rank: 64 } } })).toMatchObject({ code: 'invalid-input', hint: expect.stringContaining('at most 32') }));
