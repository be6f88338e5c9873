// Has a distillation done in a process of its own: what it reports, how it is stopped, what its death means.
// Knows the process; folders and names are chosen elsewhere.
import type { DistillOutcome, DistillProgress } from '../contract/distillation.ts';
import { fromErrorData, StudioError } from '../contract/errors.ts';
import { Child, type Death, type EngineCommand } from './child.ts';
import { parseFromTraining, type FromTraining, type ToTraining, type TrainingJob } from './training-messages.ts';

export interface TrainingWatch {
  /** Aborting stops after the running step, with a checkpoint. */
  readonly signal: AbortSignal;
  onProgress(progress: DistillProgress): void;
  onWarning(message: string): void;
  /** Of the process, for whoever wants to see it die. */
  onStart?(pid: number | undefined): void;
}

/** Throws StudioError: 'engine-crashed' when the process dies, 'cancelled', and what the training throws. */
export function runTrainingProcess(command: EngineCommand, job: TrainingJob, watch: TrainingWatch): Promise<DistillOutcome> {
  const { signal } = watch;
  return new Promise<DistillOutcome>((resolve, reject) => {
    if (signal.aborted) return reject(new StudioError('cancelled', 'Stopped before it began.'));
    let last: FromTraining | null = null;
    const stop = () => child.send({ kind: 'stop' });
    const child = new Child<ToTraining, FromTraining>(command, parseFromTraining, {
      onMessage(message) {
        switch (message.kind) {
          case 'ready':
            child.send({ kind: 'distill', job });
            // One sent before the process listened is lost.
            return void (signal.aborted && stop());
          case 'progress':
            return watch.onProgress(message.progress);
          case 'warning':
            return watch.onWarning(message.message);
          default:
            last = message;
        }
      },
      onDeath(death) {
        signal.removeEventListener('abort', stop);
        if (last?.kind === 'done') return resolve(last.outcome);
        if (last?.kind === 'failed') return reject(fromErrorData(last.error));
        reject(signal.aborted && death.code === 0 ? new StudioError('cancelled', 'Stopped before it began.') : crashed(death));
      },
    });
    signal.addEventListener('abort', stop, { once: true });
    watch.onStart?.(child.pid);
  });
}

function crashed({ code, signal, stderr }: Death): StudioError {
  const said = stderr.trim();
  return new StudioError('engine-crashed', `The training process stopped unexpectedly (${signal ?? `exit code ${code ?? 'unknown'}`}).`, {
    hint: signal === 'SIGKILL'
      ? 'The operating system may have ended it because memory ran out. Started again, it goes on from its last checkpoint.'
      : 'Started again, it goes on from its last checkpoint.',
    ...(said !== '' && { details: said }),
  });
}
