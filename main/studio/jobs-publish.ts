// Puts a finished student in its place among the models, whole and under a name of its own, with the record of how it was made.
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder, writeFileAtomic } from '../checkpoints/atomic.ts';
import { exists } from '../checkpoints/component.ts';
import { fileError } from '../checkpoints/errors.ts';
import { writeJson } from '../checkpoints/json.ts';
import { freeName } from '../jobs/queue.ts';

/**
 * Moves the folder `from` to `models` under `name`, or that with a number where the name is taken; `taken`: names of models elsewhere.
 * Returns the name. Throws StudioError 'disk-full', 'permission'.
 */
export async function publishStudent(from: string, models: string, name: string, taken: readonly string[], provenance: object): Promise<string> {
  await writeJson(join(from, 'training.json'), provenance);
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

/** The card's heading is the name that people see. */
async function retitle(card: string, name: string, free: string): Promise<void> {
  const text = await readFile(card, 'utf8').catch((thrown: unknown) => {
    throw fileError(thrown, card);
  });
  await writeFileAtomic(card, text.split('\n').map((line) => (line === `# ${name}` ? `# ${free}` : line)).join('\n'));
}
