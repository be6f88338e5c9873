// Starts a run and follows its events to the end. Works the same on a studio of our own and on an attached one.
import type { StudioClient } from '../contract/contract.ts';
import { ErrorCode, fromErrorData, StudioError, type Result } from '../contract/errors.ts';
import type { RunRecord } from '../contract/schemas.ts';
import type { Progress } from './progress.ts';

/** What following a run needs of a studio. */
export type RunSource = Pick<StudioClient, 'call' | 'on'> & {
  /** Resolves when the studio can no longer be reached; never for one of our own. */
  readonly gone: Promise<void>;
};

export function unwrap<T>(result: Result<T>): T {
  if (!result.ok) throw fromErrorData(result.error);
  return result.value;
}

/**
 * Runs `start` and waits for the end of the run that it answers. An abort cancels the run.
 * @returns the record of a run that is done, its images included
 * @throws StudioError: what `start` answered, the run's own error, `cancelled`, or `engine-crashed` when the studio went away
 */
export async function finishedRun(
  studio: RunSource,
  start: () => Promise<Result<RunRecord>>,
  watch: { progress: Progress; signal: AbortSignal },
): Promise<RunRecord> {
  const ended = new Map<string, RunRecord>();
  let wake: () => void = () => undefined;
  let run: string | null = null;
  // Listening starts first: a short run may have ended before the answer to `start` is here.
  const unsubscribe = [
    studio.on('run.step', (step) => {
      if (step.run === run) watch.progress.step(step);
    }),
    studio.on('run.ended', ({ run: record }) => {
      ended.set(record.id, record);
      wake();
    }),
  ];
  const cancel = () => {
    if (run !== null) void studio.call('runs.cancel', { run });
  };
  watch.signal.addEventListener('abort', cancel);
  try {
    if (watch.signal.aborted) throw cancelled();
    run = unwrap(await start()).id;
    if (watch.signal.aborted) cancel();
    const gone = studio.gone.then(() => 'gone' as const);
    while (!ended.has(run)) {
      const changed = new Promise<void>((resolve) => (wake = resolve));
      if ((await Promise.race([changed, gone])) === 'gone' && !ended.has(run)) throw lost();
    }
    return outcome(ended.get(run)!);
  } finally {
    watch.signal.removeEventListener('abort', cancel);
    for (const stop of unsubscribe) stop();
    watch.progress.end();
  }
}

function outcome(record: RunRecord): RunRecord {
  if (record.state === 'done') return record;
  if (record.state === 'cancelled') throw cancelled();
  if (record.error === null) throw new StudioError('internal', `The run ended as "${record.state}".`);
  // A code that a newer studio has added is none of ours.
  const code = ErrorCode.catch('internal').parse(record.error.code);
  throw new StudioError(code, record.error.message, record.error.hint === undefined ? {} : { hint: record.error.hint });
}

function cancelled(): StudioError {
  return new StudioError('cancelled', 'Cancelled; pictures that were finished are kept in the history.');
}

function lost(): StudioError {
  return new StudioError('engine-crashed', 'The studio that made the pictures was closed.', {
    hint: 'Run the command again: the library is free now. What was finished is in the history.',
  });
}
