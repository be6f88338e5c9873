// Has a task done in a training process of its own: what it reports, how it is asked for things, what its death means.
// Knows the process; folders and names are chosen elsewhere.
import type { DistillOutcome, DistillProgress } from '../contract/distillation.ts';
import { fromErrorData, StudioError } from '../contract/errors.ts';
import { Child, type Death, type EngineCommand } from './child.ts';
import type { Provider, RawPicture } from './messages.ts';
import { parseFromTraining, type MeasureReport, type OnnxExport, type StepRow, type ToTraining, type TrainingJobInput } from './training-messages.ts';

/**
 * Of a training process. glibc gives blocks of some hundred kilobytes back to the system and takes them anew, zeroed, page by page: a tenth of
 * each step. With the largest threshold that it takes it keeps them; the process lives no longer than its job. Other C libraries read neither.
 */
export const trainingEnvironment = { MALLOC_MMAP_THRESHOLD_: String(32 * 2 ** 20), MALLOC_TRIM_THRESHOLD_: String(4 * 2 ** 30) } as const;

type FromTraining = NonNullable<ReturnType<typeof parseFromTraining>>;

export interface TrainingWatch {
  /** Aborting stops after the running step, with a checkpoint. */
  readonly signal: AbortSignal;
  /** `memoryBytes`: resident set of the process. */
  onProgress(progress: DistillProgress, memoryBytes: number | null): void;
  onWarning(message: string): void;
  /** The teacher's content hash, before anything is learned from it. */
  onTeacher?(hash: string): void;
  /** Where it computes, before anything is learned. */
  onDevice?(provider: Provider): void;
  onStep?(row: StepRow): void;
  onValidated?(row: { step: number; loss: number }): void;
  /** A checkpoint is on disk. */
  onSaved?(step: number): void;
  /** `step` null: the teacher's. */
  onSample?(step: number | null, index: number, picture: RawPicture): void;
  /** Of the process, for whoever wants to see it die. */
  onStart?(pid: number | undefined): void;
}

/** A distillation that is under way. */
export interface Training {
  /** Rejects with StudioError: 'engine-crashed' when the process dies, 'cancelled', and what the training throws. */
  readonly outcome: Promise<DistillOutcome>;
  /** After the running step. */
  sample(): void;
  save(): void;
  /** Ends the process at once, whatever it does; the last checkpoint stays. */
  kill(): void;
}

export function startTraining(command: EngineCommand, job: TrainingJobInput, watch: TrainingWatch): Training {
  const task = runTask(command, { kind: 'distill', job }, watch, (last) => (last.kind === 'done' ? last.outcome : null));
  return { outcome: task.result, sample: () => task.send({ kind: 'sample' }), save: () => task.send({ kind: 'save' }), kill: () => task.kill() };
}

/** What a little of the job costs; its work folder holds nothing else. Throws as a training's outcome. */
export function measureTraining(command: EngineCommand, job: TrainingJobInput, signal: AbortSignal): Promise<MeasureReport> {
  return runTask(command, { kind: 'measure', job }, { signal, onProgress: () => {}, onWarning: () => {} }, (last) => (last.kind === 'measured' ? last.report : null)).result;
}

/** Writes a model's transformer as one ONNX file and returns its size. Throws as a training's outcome. */
export function exportOnnx(command: EngineCommand, wanted: OnnxExport, signal: AbortSignal): Promise<number> {
  return runTask(command, { kind: 'export', export: wanted }, { signal, onProgress: () => {}, onWarning: () => {} }, (last) => (last.kind === 'exported' ? last.bytes : null)).result;
}

interface Task<T> {
  readonly result: Promise<T>;
  send(message: ToTraining): void;
  kill(): void;
}

/** `answerOf`: what the process's last message says; null when that is no answer. */
function runTask<T>(command: EngineCommand, task: ToTraining, watch: TrainingWatch, answerOf: (last: FromTraining) => T | null): Task<T> {
  const { signal } = watch;
  if (signal.aborted) return { result: Promise.reject(new StudioError('cancelled', 'Stopped before it began.')), send: () => {}, kill: () => {} };
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let last: FromTraining | null = null;
  const stop = () => child.send({ kind: 'stop' });
  const child = new Child<ToTraining, FromTraining>(command, parseFromTraining, {
    onMessage(message) {
      if (message.kind === 'ready') {
        child.send(task);
        // One sent before the process listened is lost.
        if (signal.aborted) stop();
      } else if (!report(watch, message)) last = message;
    },
    onDeath(death) {
      signal.removeEventListener('abort', stop);
      const answer = last === null ? null : answerOf(last);
      if (answer !== null) return resolve(answer);
      if (last?.kind === 'failed') return reject(fromErrorData(last.error));
      reject(signal.aborted && death.code === 0 ? new StudioError('cancelled', 'Stopped before it began.') : crashed(death));
    },
  });
  signal.addEventListener('abort', stop, { once: true });
  watch.onStart?.(child.pid);
  return { result: promise, send: (message) => child.send(message), kill: () => child.kill() };
}

/** Tells the watcher; false for a last message. */
function report(watch: TrainingWatch, message: FromTraining): boolean {
  switch (message.kind) {
    case 'progress': watch.onProgress(message.progress, message.memoryBytes); return true;
    case 'warning': watch.onWarning(message.message); return true;
    case 'teacher': watch.onTeacher?.(message.hash); return true;
    case 'device': watch.onDevice?.(message.provider); return true;
    case 'step': watch.onStep?.(message.row); return true;
    case 'validated': watch.onValidated?.({ step: message.step, loss: message.loss }); return true;
    case 'saved': watch.onSaved?.(message.step); return true;
    case 'sample': watch.onSample?.(message.step, message.index, message.picture); return true;
    default: return false;
  }
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
