// Starts a distillation job or goes on with one, and follows it to its end. Works the same on a studio of our own and on an attached one.
import { fromErrorData, StudioError } from '../contract/errors.ts';
import type { JobRecord, JobSample } from '../contract/jobs.ts';
import type { DistillDisplay } from './distill-display.ts';
import type { Session } from './session.ts';

export interface JobWatch {
  readonly display: DistillDisplay;
  /** Aborting pauses the job: what was learned is kept. */
  readonly signal: AbortSignal;
  /** The command that goes on with it, for whoever has to be told. */
  readonly again: string;
  /** A sample picture is there. */
  onSample?(sample: JobSample): void;
}

/**
 * Follows the job that `begin` answers until it is done, and returns its record. Throws StudioError: how it ended, when not well, with
 * `again` in its hint where there is no better one; 'engine-crashed' when the studio went away; and what `begin` throws.
 */
export async function followedJob(session: Session, begin: () => Promise<JobRecord>, { display, signal, again, onSample }: JobWatch): Promise<JobRecord> {
  const latest = new Map<string, JobRecord>();
  let id: string | null = null;
  let wake: () => void = () => undefined;
  // Listening starts first: a short job may have ended before the answer is here.
  const unsubscribe = [
    session.on('job.metrics', ({ job, progress, metrics: { validation } }) => {
      if (job !== id) return;
      display.show(progress);
      validation.step.forEach((step, i) => display.validated({ step, loss: validation.loss[i]! }));
    }),
    session.on('job.sample', (sample) => sample.job === id && onSample?.(sample)),
    session.on('job.changed', ({ job }) => {
      latest.set(job.id, job);
      wake();
    }),
  ];
  const pause = () => id !== null && void session.call('jobs.pause', { job: id });
  signal.addEventListener('abort', pause);
  try {
    if (signal.aborted) throw new StudioError('cancelled', 'Cancelled.');
    const begun = await begin();
    id = begun.id;
    // What was heard meanwhile is newer than the answer.
    if (!latest.has(id)) latest.set(id, begun);
    if (signal.aborted) pause();
    let warned = begun.warnings.length;
    const gone = session.gone.then(() => 'gone' as const);
    for (;;) {
      const job = latest.get(id)!;
      for (const { message } of job.warnings.slice(warned)) display.warning(message);
      warned = job.warnings.length;
      if (job.state === 'done') return job;
      if (!atWork.has(job.state)) throw whyNot(job, again);
      const changed = new Promise<void>((resolve) => (wake = resolve));
      // Between the look above and here nothing else runs.
      if ((await Promise.race([changed, gone])) === 'gone') throw new StudioError('engine-crashed', 'The studio that trained was closed.', { hint: `To go on: ${again}` });
    }
  } finally {
    signal.removeEventListener('abort', pause);
    for (const stop of unsubscribe) stop();
    display.end();
  }
}

const atWork: ReadonlySet<JobRecord['state']> = new Set(['queued', 'estimating', 'running']);

function whyNot({ reason, state, model, checkpointStep, config }: JobRecord, again: string): StudioError {
  const hint = `To go on: ${again}`;
  if (reason !== null) return fromErrorData({ ...reason, hint: reason.hint ?? hint });
  const kept = model === null ? `${checkpointStep} of ${config.steps} steps are kept` : `its student "${model}" is finished, its evaluation is not`;
  return new StudioError('cancelled', `The job is ${state}; ${kept}.`, { hint });
}
