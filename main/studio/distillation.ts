// Distillations from request to model: names and folders checked, the training process watched, the student put in its place at once
// and whole. Works without an open library: it touches only models and training folders, each under a lock of its own.
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../checkpoints/atomic.ts';
import { exists } from '../checkpoints/component.ts';
import { fileError } from '../checkpoints/errors.ts';
import type { ModelsFolder } from '../checkpoints/registry.ts';
import type { DistillOutcome, DistillRequest } from '../contract/distillation.ts';
import { StudioError } from '../contract/errors.ts';
import { findNode } from '../engine/node-binary.ts';
import { runTrainingProcess, type TrainingWatch } from '../engine/training-host.ts';
import type { TrainingJobInput } from '../engine/training-messages.ts';
import { acquireOwnership, Ownership } from '../library/lock.ts';
import { Models } from './models.ts';

export interface DistillPlaces {
  readonly libraryDir: string;
  /** Every folder that holds models, in the order in which a name is looked up. */
  readonly folders: readonly ModelsFolder[];
  /** Folder of models for the student; null: the library's own. */
  readonly out: string | null;
  /** The training process's entry file. Default: its source. */
  readonly entry?: string;
}

/** What is done beside learning, and the pictures of a source that has some. */
export type Habits = Partial<Omit<TrainingJobInput, 'request' | 'modelDirs' | 'workDir' | 'restart' | 'target'>>;

export interface Distilled extends DistillOutcome {
  /** The student's folder. */
  readonly folder: string;
}

/**
 * Distils a student and registers it by putting its folder in place. Stopped or interrupted, the same request goes on where it was;
 * `restart` throws away unfinished work of this name that
 * had other settings. Throws StudioError: 'not-found', 'invalid-input' (the teacher is none, the name is
 * taken, other settings than those of the unfinished work), 'busy', 'cancelled', 'engine-crashed', and what training throws.
 */
export async function distilStudent(
  request: DistillRequest, places: DistillPlaces, watch: TrainingWatch, restart = false, habits: Habits = {},
): Promise<Distilled> {
  const models = new Models(places.folders);
  await models.runnable(request.teacher, 'teacher');
  const parent = places.out ?? join(places.libraryDir, 'models');
  const folder = join(parent, request.name);
  const assertFree = async () => {
    if ((await exists(folder)) || (await models.list()).some(({ id }) => id === request.name)) throw nameTaken(request.name);
  };
  await assertFree();

  const workDir = join(places.libraryDir, 'training', request.name);
  const lock = acquireOwnership(workDir);
  if (!(lock instanceof Ownership)) throw new StudioError('busy', `"${request.name}" is being distilled by another process already.`);
  let finished = false;
  try {
    // No model's name begins with a dot: an unfinished folder is never listed.
    const target = join(parent, `.${request.name}.new`);
    await rm(target, { recursive: true, force: true });
    await mkdir(parent, { recursive: true });
    const command = { node: findNode(), entry: places.entry ?? join(import.meta.dirname, '..', 'engine', 'training-process.ts') };
    const outcome = await runTrainingProcess(command, { ...habits, request, modelDirs: places.folders.map(({ path }) => path), workDir, restart, target }, watch);
    await assertFree();
    await rename(target, folder);
    await syncFolder(parent);
    finished = true;
    return { ...outcome, folder };
  } catch (thrown) {
    throw withAdvice(fileError(thrown, workDir));
  } finally {
    lock.release();
    // The student is in its place; work that cannot be removed does no harm.
    if (finished) await rm(workDir, { recursive: true, force: true }).catch(() => {});
  }
}

function nameTaken(name: string): StudioError {
  return new StudioError('invalid-input', `There is a model "${name}" already.`, { hint: 'Choose another name for the student with --name.' });
}

/** What is kept can be gone on with. */
function withAdvice(error: StudioError): StudioError {
  if (error.code !== 'cancelled' || error.hint !== undefined) return error;
  return new StudioError('cancelled', error.message, { hint: 'The same command goes on from there.' });
}
