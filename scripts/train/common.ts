// What the training scripts share: their folder, stop by signal, a line of progress, and reproducible pictures.
import path from 'node:path';
import { parseArgs } from 'node:util';
import { defaultLibraryDir } from '../../main/library/location.ts';

export interface ScriptOptions {
  folder: string;
  threads: number;
  steps: number | null;
  seed: number;
  /** Which of several. */
  name?: string;
}

/** `--work DIR` (default: training/ in the user's data folder), `--threads N`, `--steps N`, `--seed N`, `--name NAME`. */
export function scriptOptions(name: string): ScriptOptions {
  const { values } = parseArgs({ options: { work: { type: 'string' }, threads: { type: 'string' }, steps: { type: 'string' }, seed: { type: 'string' }, name: { type: 'string' } } });
  const number = (text: string | undefined, fallback: number): number => {
    const value = text === undefined ? fallback : Number(text);
    if (!Number.isInteger(value) || value < 0) throw new Error(`'${text}' is not a whole number of at least 0.`);
    return value;
  };
  return {
    folder: path.join(values.work ?? path.join(defaultLibraryDir(), 'training'), name),
    threads: number(values.threads, 0),
    steps: values.steps === undefined ? null : number(values.steps, 0),
    seed: number(values.seed, 1),
    ...(values.name !== undefined && { name: values.name }),
  };
}

/** The folder of the models that ship with the studio; the variable lets a run write elsewhere until its result is wanted. */
export const modelsFolder = process.env['STORYBOOK_MODELS'] ?? path.join(import.meta.dirname, '../../models');

/** Aborts at SIGINT or SIGTERM: the run saves and ends. A second one, as of a wrapper that passes it on, does not cut the saving short. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => controller.abort());
  return controller.signal;
}

/** Prints a line every `every` steps: smoothed loss, rate, time left. */
export function progressPrinter(steps: number, every: number, perStep: number): (report: { step: number; loss: number; ms: number }) => void {
  let smooth = NaN;
  let pace = NaN;
  let last = performance.now();
  return ({ step, loss }) => {
    const now = performance.now();
    pace = Number.isNaN(pace) ? now - last : 0.95 * pace + 0.05 * (now - last);
    last = now;
    smooth = Number.isNaN(smooth) ? loss : 0.98 * smooth + 0.02 * loss;
    if (step % every === 0) {
      console.log(`step ${step}/${steps}  loss ${smooth.toFixed(5)}  ${((1000 * perStep) / pace).toFixed(1)} samples/s  ${((pace * (steps - step)) / 60000).toFixed(1)} min left`);
    }
  };
}
