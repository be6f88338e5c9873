// The folder of an unfinished distillation: which request and teacher its files belong to, and when they may be gone on with.
// Knows the names of the files and not what they hold.
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { fileError } from '../checkpoints/errors.ts';
import { writeJson } from '../checkpoints/json.ts';
import { DistillRequest } from '../contract/distillation.ts';
import { StudioError } from '../contract/errors.ts';

const jobFile = 'job.json';
/** Teaching points, in half precision. */
export const pointsFile = 'points.f16';
/** For the points at which the validation loss is measured. */
export const validationFolder = 'validation';
/** A line for each measurement of it. */
export const validationLog = 'validation.jsonl';
const workFiles = [
  pointsFile, validationFolder, validationLog, 'log.jsonl', 'checkpoint.safetensors', 'checkpoint.previous.safetensors', 'checkpoint.new.safetensors',
];

const Begun = z.object({ request: DistillRequest, teacherHash: z.string(), initHash: z.string().nullable().default(null) });
type Begun = z.infer<typeof Begun>;

/** What to do with unfinished work of another request, or of a teacher that has changed since. */
export type OtherWork = 'refuse' | 'discard';

/**
 * Makes `folder`, which exists, this job's. Its files stay when they are of the same request and teacher.
 * Throws StudioError `invalid-input` naming what differs, where `other` is 'refuse'.
 */
export async function claimWork(folder: string, job: Begun, other: OtherWork): Promise<void> {
  const file = path.join(folder, jobFile);
  const before = await readBegun(file);
  const differences = before === null ? [] : differencesOf(before, job);
  if (before !== null && differences.length === 0) return;
  if (differences.length > 0 && other === 'refuse') {
    throw new StudioError('invalid-input', `The unfinished distillation "${job.request.name}" is another one: ${differences.join('; ')}.`, {
      hint: 'Give the same settings and models to go on with it, or start another one.',
    });
  }
  // Without its job nobody knows what the rest is.
  await clearWork(folder);
  await writeJson(file, job);
}

/** Removes what a distillation has left in `folder`; the job last, so that the rest never stands without it. */
async function clearWork(folder: string): Promise<void> {
  for (const name of [...workFiles, jobFile]) {
    const file = path.join(folder, name);
    await rm(file, { force: true, recursive: true }).catch((thrown: unknown) => {
      throw fileError(thrown, file);
    });
  }
}

async function readBegun(file: string): Promise<Begun | null> {
  try {
    return Begun.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
}

/** What decides the rounding of what is learned and nothing else. */
const roundingOnly: readonly (keyof DistillRequest)[] = ['threads', 'device', 'recompute'];

function differencesOf(before: Begun, now: Begun): string[] {
  const keys = (Object.keys(DistillRequest.shape) as (keyof DistillRequest)[]).filter((key) => !roundingOnly.includes(key));
  const changed = keys.filter((key) => JSON.stringify(before.request[key]) !== JSON.stringify(now.request[key]));
  const settings = changed.map((key) => (key === 'prompts' ? 'the prompts were others' : `${key} was ${JSON.stringify(before.request[key])}, now ${JSON.stringify(now.request[key])}`));
  return [
    ...settings,
    ...(before.teacherHash === now.teacherHash ? [] : [`the teacher "${now.request.teacher}" has changed since`]),
    ...(before.initHash === now.initHash ? [] : [`the student "${now.request.initFrom}" that it goes on from has changed since`]),
  ];
}
