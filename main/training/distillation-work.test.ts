// Which unfinished work may be gone on with.
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DistillRequest } from '../contract/distillation.ts';
import { claimWork, pointsFile } from './distillation-work.ts';

let folder: string;
const job = (changes: Partial<DistillRequest> = {}) => ({ request: DistillRequest.parse({ name: 'mine', ...changes }), teacherHash: 'abc', initHash: null });

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'work-'));
  await claimWork(folder, job(), 'refuse');
  await writeFile(path.join(folder, pointsFile), 'taught');
});
afterEach(() => rm(folder, { recursive: true }));

it('goes on where it is computed otherwise: with other threads, on another device, activations computed again', async () => {
  await claimWork(folder, job({ threads: 3, device: 'webgpu', recompute: true }), 'refuse');
  expect(await readdir(folder)).toContain(pointsFile);
});

it('refuses what would be another student, and says what differs', async () => {
  await expect(claimWork(folder, job({ batch: 8 }), 'refuse')).rejects.toMatchObject({ code: 'invalid-input', message: expect.stringContaining('batch was 64, now 8') });
  await expect(claimWork(folder, { ...job(), teacherHash: 'other' }, 'refuse')).rejects.toMatchObject({ message: expect.stringContaining('the teacher "storybook" has changed') });
  await expect(claimWork(folder, { ...job(), initHash: 'other' }, 'refuse')).rejects.toMatchObject({ message: expect.stringContaining('goes on from has changed') });
  expect(await readdir(folder)).toContain(pointsFile);
});

it('throws the other work away when told to', async () => {
  await mkdir(path.join(folder, 'validation'));
  await claimWork(folder, job({ batch: 8 }), 'discard');
  expect(await readdir(folder)).toEqual(['job.json']);
  await claimWork(folder, job({ batch: 8 }), 'refuse');
});
