// Which job `studio distill` follows: the one of this name that stopped, where it has the same settings, else a new one that fits here.
// Knows the contract's calls only.
import type { StudioClient } from '../contract/contract.ts';
import { fromErrorData, StudioError } from '../contract/errors.ts';
import { isResumable, JobConfig, type JobEstimate, type JobRecord } from '../contract/jobs.ts';
import { unwrap } from './watch-run.ts';

export interface Beginning {
  readonly signal: AbortSignal;
  /** Throws an unfinished job of this name away where its settings were others. */
  readonly restart: boolean;
  /** A few steps are being measured, which takes a while. */
  onMeasuring(): void;
  /** It goes on, but not in all as was asked for. */
  onWarning(message: string): void;
  /** Told before it begins or goes on. */
  onEstimate(estimate: JobEstimate): void;
}

/**
 * Throws StudioError: 'busy' for a job that waits or is at work, 'invalid-input' for a name that is taken or unfinished work with other
 * settings, 'out-of-memory' and 'disk-full' with the numbers when it cannot fit, 'cancelled', and what estimating and starting throw.
 */
export async function beginJob(studio: Pick<StudioClient, 'call'>, config: JobConfig, { signal, restart, onMeasuring, onWarning, onEstimate }: Beginning): Promise<JobRecord> {
  const { name } = config;
  const before = unwrap(await studio.call('jobs.list', {})).jobs.find((job) => job.name === name && job.state !== 'done');
  if (before !== undefined) {
    if (!isResumable(before.state)) throw new StudioError('busy', `"${name}" is being distilled already.`, { hint: '"studio jobs" shows how far it is.' });
    const differences = differencesOf(before.config, config);
    if (differences.length === 0) {
      if (before.estimate !== null) onEstimate(before.estimate);
      const kept = circumstances.filter((key) => before.config[key] !== config[key]);
      if (kept.length > 0) onWarning(`It goes on as it began: ${kept.map((key) => `${key} ${JSON.stringify(before.config[key])}`).join(', ')}.`);
      return unwrap(await studio.call('jobs.resume', { job: before.id }));
    }
    if (!restart) throw otherWork(name, differences);
    unwrap(await studio.call('jobs.delete', { job: before.id, model: before.model !== null }));
  }
  const models = unwrap(await studio.call('models.list', {}));
  if (models.some(({ id }) => id === name)) {
    throw new StudioError('invalid-input', `There is a model "${name}" already.`, { hint: 'Choose another name for the student with --name.' });
  }
  onMeasuring();
  const estimate = unwrap(await unlessAborted(studio.call('jobs.estimate', { config }), signal));
  onEstimate(estimate);
  if (estimate.refusal !== null) throw fromErrorData(estimate.refusal);
  return unwrap(await studio.call('jobs.start', { config }));
}

/** Neither decides what is learned. */
const circumstances: readonly (keyof JobConfig)[] = ['threads', 'gentle'];

function differencesOf(before: JobConfig, now: JobConfig): string[] {
  const keys = (Object.keys(JobConfig.shape) as (keyof JobConfig)[]).filter((key) => !circumstances.includes(key));
  const changed = keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(now[key]));
  return changed.map((key) => (key === 'source' ? 'the source of prompts was another' : `${key} was ${JSON.stringify(before[key])}, now ${JSON.stringify(now[key])}`));
}

function otherWork(name: string, differences: readonly string[]): StudioError {
  return new StudioError('invalid-input', `The unfinished distillation "${name}" is another one: ${differences.join('; ')}.`, {
    hint: 'Give the same settings to go on with it, choose another name, or throw that work away with --restart.',
  });
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const cancelled = () => new StudioError('cancelled', 'Cancelled before it began.');
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(cancelled());
    signal.addEventListener('abort', () => reject(cancelled()), { once: true });
    work.then(resolve, reject);
  });
}
