// A disk that really fills up while a job learns: a small tmpfs, where this machine lets one be mounted.
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openJobStudio, tinyJob, tinyModels } from './testing/jobs.ts';

vi.setConfig({ testTimeout: 1_200_000, hookTimeout: 600_000 });

function mount(dir: string, bytes: number): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', dir]).status === 0;
}

/** Why this machine can have no small disk; null where it can. */
function obstacle(): string | null {
  if (process.platform !== 'linux') return 'needs a Linux tmpfs';
  const dir = mkdtempSync(join(tmpdir(), 'teefusion-disk-'));
  const mounted = mount(dir, 65536);
  if (mounted) execFileSync('umount', ['--lazy', dir]);
  rmSync(dir, { recursive: true });
  return mounted ? null : 'needs root that may mount a tmpfs';
}

/** Fills the disk with one file until `done` settles: the job itself writes and deletes meanwhile, so what is free is not known beforehand. */
async function keepFull<T>(ballast: string, done: Promise<T>): Promise<T> {
  const piece = Buffer.alloc(2 ** 16);
  const fill = () => {
    try {
      for (;;) appendFileSync(ballast, piece);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  };
  fill();
  const filling = setInterval(fill, 20);
  try {
    return await done;
  } finally {
    clearInterval(filling);
  }
}

const why = obstacle();

it.skipIf(why !== null)(`a full disk pauses a job with a word, and with room again it goes on${why === null ? '' : ` (skipped: ${why})`}`, async () => {
  const models = await tinyModels();
  const disk = mkdtempSync(join(tmpdir(), 'teefusion-disk-'));
  if (!mount(disk, 256 * 2 ** 20)) throw new Error('the disk could not be mounted');
  onTestFinished(() => {
    execFileSync('umount', ['--lazy', disk]);
    rmSync(disk, { recursive: true, force: true });
  });
  const { call, reached, learned, close } = await openJobStudio({ libraryDir: join(disk, 'library'), modelDirs: [models] });
  // One that would not fit at all is told so before it begins.
  expect(await call('jobs.estimate', { config: tinyJob({ points: 1_000_000 }) })).toMatchObject({
    refusal: { code: 'disk-full', message: expect.stringMatching(/needs 6\.\d GB on disk .* MB are free/), hint: expect.stringContaining('fewer teaching points') },
  });
  const { id } = await call('jobs.start', { config: tinyJob({ steps: 400, checkpointEvery: 3 }) });
  await learned(id, 6);
  const ballast = join(disk, 'ballast');
  const record = await keepFull(ballast, reached(id, 'paused'));
  expect(record).toMatchObject({ reason: { code: 'disk-full', message: expect.stringContaining('full'), hint: expect.stringContaining('ree') } });
  expect(record.checkpointStep).toBeGreaterThanOrEqual(3);

  // Nothing is lost: all steps up to the checkpoint are there, and the rest is made as soon as there is room.
  rmSync(ballast);
  await call('jobs.resume', { job: id });
  await learned(id, record.checkpointStep + 1);
  const stopped = await call('jobs.pause', { job: id });
  expect(stopped.checkpointStep).toBeGreaterThan(record.checkpointStep);
  const { step } = await call('jobs.metrics', { job: id, points: 20_000 });
  expect(step).toEqual(Array.from({ length: stopped.checkpointStep }, (_, i) => i + 1));
  await close();
});
