// Drives a trainer for many steps: learning-rate schedule, log file, checkpoints, stop and resume.
// What a step learns from is the caller's: `batch(step)` must be a pure function of the step, so that a resumed run
// sees what it would have seen.
import { appendFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { StudioError } from '../contract/errors.ts';
import { readHeader, readTensor, writeSafetensors } from '../checkpoints/safetensors.ts';
import type { Trainer } from './trainer.ts';

export interface RunOptions<I extends string> {
  steps: number;
  /** Rate at the top of the schedule. */
  learningRate: number;
  /** Steps of linear warm-up; then the top rate for the share `hold` of all steps (default 0), then a cosine down to `finalShare` of it. */
  warmup: number;
  hold?: number;
  finalShare: number;
  /** Decay of the running average of the weights; it starts lower, so that early weights are forgotten. */
  averageDecay: number;
  /** Where checkpoints and the log are; outside of the checkout. */
  folder: string;
  checkpointEvery: number;
  batch(step: number): Promise<Record<I, { data: Float32Array | Int32Array; shape: readonly number[] }>>;
  /** Stops after the running step, with a checkpoint. */
  signal?: AbortSignal;
  onStep?(report: { step: number; loss: number; gradientNorm: number; ms: number }): void | Promise<void>;
}

const roles = ['value', 'first', 'second', 'average'] as const;

export function learningRateAt(step: number, options: Pick<RunOptions<string>, 'steps' | 'learningRate' | 'warmup' | 'hold' | 'finalShare'>): number {
  if (step <= options.warmup) return (options.learningRate * step) / options.warmup;
  const fall = options.warmup + (options.hold ?? 0) * (options.steps - options.warmup);
  const progress = Math.min(1, Math.max(0, step - fall) / Math.max(1, options.steps - fall));
  return options.learningRate * (options.finalShare + (1 - options.finalShare) * 0.5 * (1 + Math.cos(Math.PI * progress)));
}

/** 1 − decay at a step: an average over about a tenth of all steps so far, until the full decay is reached. */
export const averageRateAt = (step: number, decay: number): number => Math.max(1 - decay, Math.min(1, 10 / (step + 9)));

const newest = (folder: string): string => path.join(folder, 'checkpoint.safetensors');
const previous = (folder: string): string => path.join(folder, 'checkpoint.previous.safetensors');

/** Saves the whole state; the one before stays as a fallback. */
export async function saveCheckpoint(trainer: Trainer<string>, folder: string): Promise<void> {
  const { steps, ...state } = trainer.state();
  const fresh = path.join(folder, 'checkpoint.new.safetensors');
  await writeSafetensors(fresh, roles.map((name) => ({ name, dtype: 'F32' as const, shape: [state[name].length], data: state[name] })), { steps: String(steps) });
  await rename(newest(folder), previous(folder)).catch(() => undefined);
  await rename(fresh, newest(folder));
}

async function readCheckpoint(file: string): Promise<Parameters<Trainer<string>['restore']>[0]> {
  const { tensors, metadata } = await readHeader(file);
  const steps = Number(metadata['steps']);
  if (!Number.isInteger(steps) || steps < 0) throw new StudioError('corrupt-file', `${file}: does not say how many steps it stands for.`);
  const read = async (name: string): Promise<Float32Array> => {
    const entry = tensors.get(name);
    if (!entry) throw new StudioError('corrupt-file', `${file}: has no '${name}'.`);
    return readTensor(file, entry);
  };
  return { steps, value: await read('value'), first: await read('first'), second: await read('second'), average: await read('average') };
}

/**
 * Restores the newest good checkpoint. False when there is none. `warn` hears of a damaged one; when there are only damaged ones
 * it throws StudioError `corrupt-file`: starting from nothing would overwrite what may still be saved.
 */
export async function resumeFrom(trainer: Trainer<string>, folder: string, warn: (text: string) => void): Promise<boolean> {
  let damage: StudioError | null = null;
  for (const file of [newest(folder), previous(folder)]) {
    if (!(await stat(file).then(() => true, () => false))) continue;
    try {
      trainer.restore(await readCheckpoint(file));
      return true;
    } catch (thrown) {
      if (!(thrown instanceof StudioError)) throw thrown;
      warn(`${thrown.message} Trying the checkpoint before it.`);
      damage = thrown;
    }
  }
  if (damage) throw new StudioError('corrupt-file', damage.message, { hint: `Move ${folder} away to start from nothing.`, cause: damage });
  return false;
}

/** Runs up to `steps` steps. Returns false when it was stopped before the end. */
export async function runTraining<I extends string>(trainer: Trainer<I>, options: RunOptions<I>): Promise<boolean> {
  await mkdir(options.folder, { recursive: true });
  const log = path.join(options.folder, 'log.jsonl');
  if (trainer.steps === 0) await rm(log, { force: true });
  let next = trainer.steps < options.steps ? options.batch(trainer.steps + 1) : null;
  while (next && !options.signal?.aborted) {
    const step = trainer.steps + 1;
    const inputs = await next;
    const rate = learningRateAt(step, options);
    const start = performance.now();
    const { loss, gradientNorm } = await trainer.step(inputs, rate, averageRateAt(step, options.averageDecay));
    const ms = performance.now() - start;
    await appendFile(log, `${JSON.stringify({ step, loss, gradient_norm: gradientNorm, learning_rate: rate, ms: Math.round(ms) })}\n`);
    await options.onStep?.({ step, loss, gradientNorm, ms });
    if (step % options.checkpointEvery === 0 || step === options.steps) await saveCheckpoint(trainer as Trainer<string>, options.folder);
    next = step < options.steps ? options.batch(step + 1) : null;
  }
  if (options.signal?.aborted) await saveCheckpoint(trainer as Trainer<string>, options.folder);
  return trainer.steps >= options.steps;
}
