// Drives a trainer for many steps: learning-rate schedule, log file, checkpoints, stop and resume.
// What a step learns from is the caller's: `batch(step)` must be a pure function of the step, so that a resumed run
// sees what it would have seen.
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { syncFolder } from '../checkpoints/atomic.ts';
import { fileError } from '../checkpoints/errors.ts';
import { StudioError } from '../contract/errors.ts';
import { readHeader, readTensor, writeSafetensors } from '../checkpoints/safetensors.ts';
import { LossWatch } from './loss-watch.ts';
import { appendRow, cutLog, logFile, type LogRow } from './run-log.ts';
import type { Trainer } from './trainer.ts';

/** Between two steps: the last one is logged and, where a checkpoint was due, saved. */
export interface Moment {
  step: number;
  /** Writes a checkpoint now. */
  save(): Promise<void>;
}

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
  onStep?(row: LogRow): void | Promise<void>;
  /** Whatever is to be done beside learning; the next step waits for it. */
  afterStep?(moment: Moment): Promise<void>;
  /** Hears of every checkpoint that is on disk. */
  onSaved?(step: number): void;
  /** Stops when the loss explodes, and then keeps the checkpoints from before it grew. */
  guardLoss?: boolean;
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
const freshName = 'checkpoint.new.safetensors';

const checksum = ({ buffer, byteOffset, byteLength }: Float32Array): number => crc32(new Uint8Array(buffer, byteOffset, byteLength));

/** Saves the whole state; the one before stays as a fallback. */
export async function saveCheckpoint(trainer: Trainer<string>, folder: string): Promise<void> {
  await trainer.download();
  const { steps, ...state } = trainer.state();
  const fresh = path.join(folder, freshName);
  await writeSafetensors(fresh, roles.map((name) => ({ name, dtype: 'F32' as const, shape: [state[name].length], data: state[name] })), {
    steps: String(steps), crc32: roles.map((name) => checksum(state[name])).join(' '),
  });
  await rename(newest(folder), previous(folder)).catch(() => undefined);
  await rename(fresh, newest(folder)).catch((thrown: unknown) => {
    throw fileError(thrown, newest(folder));
  });
  await syncFolder(folder);
}

async function readCheckpoint(file: string): Promise<Parameters<Trainer<string>['restore']>[0]> {
  const { tensors, metadata } = await readHeader(file);
  const steps = Number(metadata['steps']);
  if (!Number.isInteger(steps) || steps < 0) throw new StudioError('corrupt-file', `${file}: does not say how many steps it stands for.`);
  const sums = metadata['crc32']?.split(' ').map(Number);
  const read = async (name: (typeof roles)[number]): Promise<Float32Array> => {
    const entry = tensors.get(name);
    if (!entry) throw new StudioError('corrupt-file', `${file}: has no '${name}'.`);
    const data = await readTensor(file, entry);
    if (sums !== undefined && checksum(data) !== sums[roles.indexOf(name)]) throw new StudioError('corrupt-file', `${file}: '${name}' is not what was saved.`);
    return data;
  };
  return { steps, value: await read('value'), first: await read('first'), second: await read('second'), average: await read('average') };
}

/** A process that was killed while it saved leaves a file that is as large as a checkpoint and of no use. */
async function clearUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (name.startsWith(`.${freshName}.`) && name.endsWith('.tmp')) await rm(path.join(folder, name), { force: true });
  }
}

/**
 * Restores the newest good checkpoint. False when there is none. `warn` hears of a damaged one; when there are only damaged ones
 * it throws StudioError `corrupt-file`: starting from nothing would overwrite what may still be saved.
 */
export async function resumeFrom(trainer: Trainer<string>, folder: string, warn: (text: string) => void): Promise<boolean> {
  await clearUnfinished(folder);
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

/**
 * Runs up to `steps` steps. Returns false when it was stopped before the end. Throws StudioError `unsupported` when the loss explodes or
 * is no number, `disk-full`, `permission`; what has been saved stays, and a later call goes on from there.
 */
export async function runTraining<I extends string>(trainer: Trainer<I>, options: RunOptions<I>): Promise<boolean> {
  const { folder, onSaved } = options;
  await mkdir(folder, { recursive: true }).catch((thrown: unknown) => {
    throw fileError(thrown, folder);
  });
  const log = path.join(folder, logFile);
  if (trainer.steps === 0) await rm(log, { force: true });
  // Steps after the checkpoint are made again; their first record would stand beside the second.
  const before = await cutLog(log, trainer.steps);
  const watch = options.guardLoss ? new LossWatch(before.map(({ loss }) => loss)) : null;
  let saved = -1;
  const save = async (): Promise<void> => {
    // Twice of one step would push out the checkpoint before it.
    if (saved === trainer.steps) return;
    await saveCheckpoint(trainer as Trainer<string>, folder);
    saved = trainer.steps;
    onSaved?.(saved);
  };
  let next = trainer.steps < options.steps ? options.batch(trainer.steps + 1) : null;
  while (next && !options.signal?.aborted) {
    const step = trainer.steps + 1;
    const inputs = await next;
    const learningRate = learningRateAt(step, options);
    const start = performance.now();
    const { loss, gradientNorm } = await trainer.step(inputs, learningRate, averageRateAt(step, options.averageDecay));
    const row = { step, loss, gradientNorm, learningRate, ms: Math.round(performance.now() - start) };
    await appendRow(log, row);
    await options.onStep?.(row);
    watch?.see(step, loss);
    // Killed between the two, a run makes the step again and what belongs to it; the other way round that would be missing for good.
    await options.afterStep?.({ step, save });
    if ((step % options.checkpointEvery === 0 && watch?.healthy !== false) || step === options.steps) await save();
    next = step < options.steps ? options.batch(step + 1) : null;
  }
  if (options.signal?.aborted) await save();
  return trainer.steps >= options.steps;
}
