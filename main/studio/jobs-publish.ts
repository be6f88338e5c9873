// Puts a finished student in its place among the models, whole and under a name of its own, with the record of how it was made and measured.
import { readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { syncFolder, writeFileAtomic } from '../checkpoints/atomic.ts';
import { exists } from '../checkpoints/component.ts';
import { fileError } from '../checkpoints/errors.ts';
import { readJson, writeJson } from '../checkpoints/json.ts';
import { freeName } from '../jobs/queue.ts';

/**
 * Moves the folder `from` to `models` under `name`, or that with a number where the name is taken; `taken`: names of models elsewhere.
 * Returns the name. Throws StudioError 'disk-full', 'permission'.
 */
export async function publishStudent(from: string, models: string, name: string, taken: readonly string[], provenance: object): Promise<string> {
  await writeJson(recordOf(from, ''), provenance);
  const others = [...taken];
  for (;;) {
    const free = freeName(name, others);
    const place = join(models, free);
    if (await exists(place)) {
      others.push(free);
      continue;
    }
    if (free !== name) await retitle(join(from, 'README.md'), name, free);
    await rename(from, place).catch((thrown: unknown) => {
      throw fileError(thrown, place);
    });
    await syncFolder(models);
    return free;
  }
}

/** Name of the student that a job has published in `models`; null where there is none (any more). */
export async function publishedStudent(models: string, job: string): Promise<string | null> {
  for (const name of await readdir(models).catch(() => [])) {
    // A name with a dot in front is unfinished.
    if (name.startsWith('.')) continue;
    const record = await readJson(recordOf(models, name), z.looseObject({ job: z.string() })).catch(() => null);
    if (record?.job === job) return name;
  }
  return null;
}

/** Adds what was measured to a student's record. Throws StudioError 'not-found' for one that is gone, 'corrupt-file', 'disk-full', 'permission'. */
export async function noteEvaluation(models: string, name: string, evaluation: object): Promise<void> {
  const record = await readJson(recordOf(models, name), z.looseObject({}));
  await writeJson(recordOf(models, name), { ...record, evaluation });
}

const recordOf = (models: string, name: string): string => join(models, name, 'training.json');

/** The card's heading is the name that people see. */
async function retitle(card: string, name: string, free: string): Promise<void> {
  const text = await readFile(card, 'utf8').catch((thrown: unknown) => {
    throw fileError(thrown, card);
  });
  await writeFileAtomic(card, text.split('\n').map((line) => (line === `# ${name}` ? `# ${free}` : line)).join('\n'));
}
