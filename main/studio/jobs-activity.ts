// A job while it is at work: what is known of it now, what it is asked for, and what becomes of it when it stops.
// Knows the one job; the queue and its order are elsewhere.
import { StudioError, toErrorData, type ErrorData } from '../contract/errors.ts';
import type { JobRecord } from '../contract/jobs.ts';
import type { RawPicture } from '../engine/messages.ts';
import type { Training } from '../engine/training-host.ts';
import type { JobChanges } from '../library/repositories/jobs.ts';
import type { Evaluator } from './jobs-evaluation.ts';
import { JobFiles } from './jobs-files.ts';
import { News, type Standing } from './jobs-news.ts';
import { sit, type JobPlaces, type SittingEvents } from './jobs-sitting.ts';
import type { Services } from './services.ts';

/** Why it was stopped: by a person, or because the studio is being closed. */
export type Wish = 'paused' | 'cancelled' | 'closing';

/** Keeps what has changed for good; `tell`: everyone is told, who hears only news otherwise. */
type Store = (changes: JobChanges, tell: boolean) => void;

/** A process that has not stopped by then is ended; its last checkpoint stays. */
const patienceMs = 120_000;

export class JobActivity {
  readonly id: string;
  /** Resolves, never rejects, with how it ended. */
  readonly ended: Promise<JobChanges>;
  readonly #record: JobRecord;
  readonly #services: Services;
  readonly #abort = new AbortController();
  readonly #standing: Omit<Standing, 'seconds'>;
  readonly #news: News;
  readonly #store: Store;
  readonly #evaluator: Evaluator;
  readonly #began = performance.now();
  readonly #startedAt: string;
  #warnings: JobRecord['warnings'];
  #evaluationSeconds: number;
  #wish: Wish | null = null;
  #pid: number | undefined;
  #training: Training | null = null;
  /** The student, once it is a model. */
  #model: string | null = null;
  /** Sample pictures that are being written. */
  #storing: Promise<void> = Promise.resolve();
  /** Called at the next checkpoint. */
  #savers: (() => void)[] = [];

  /** Begins at once. */
  constructor(record: JobRecord, services: Services, places: JobPlaces, evaluator: Evaluator, store: Store) {
    this.id = record.id;
    this.#record = record;
    this.#services = services;
    this.#store = store;
    this.#evaluator = evaluator;
    this.#evaluationSeconds = record.estimate?.evaluationSeconds ?? 0;
    this.#startedAt = record.startedAt ?? new Date().toISOString();
    this.#warnings = record.warnings;
    this.#standing = { progress: record.progress, memoryBytes: null, checkpointStep: record.checkpointStep };
    this.#news = new News(record.id, () => ({ ...this.#standing, seconds: this.#seconds }), (news) => services.events.emit('job.metrics', news));
    this.ended = this.#run(places);
  }

  /** Of the process that trains, once there is one. */
  get pid(): number | undefined {
    return this.#pid;
  }

  /** Does it learn, or measure what learning costs, just now? An evaluation is no such work. */
  get trains(): boolean {
    return this.#model === null;
  }

  /** `record` with what is known now. */
  live(record: JobRecord): JobRecord {
    return { ...record, ...this.#standing, seconds: this.#seconds };
  }

  /** Asks for a stop with a checkpoint; resolves when it has stopped. The first wish decides what it becomes, but a cancel outdoes a pause. */
  async stop(wish: Wish): Promise<void> {
    if (this.#wish === null || wish === 'cancelled') this.#wish = wish;
    this.#abort.abort();
    const patience = setTimeout(() => this.#training?.kill(), patienceMs);
    await this.ended;
    clearTimeout(patience);
  }

  /** Throws 'invalid-input' before training has begun. */
  sample(): void {
    this.#running.sample();
  }

  /** Resolves with the next checkpoint, or when the job has ended. Throws as `sample`. */
  async save(): Promise<void> {
    const training = this.#running;
    const saved = new Promise<void>((resolve) => this.#savers.push(resolve));
    training.save();
    await Promise.race([saved, this.ended]);
  }

  get #running(): Training {
    if (this.#training !== null) return this.#training;
    if (this.#model !== null) throw new StudioError('invalid-input', 'The student of this job is finished; it learns no more.');
    throw new StudioError('invalid-input', 'This job has not begun to learn yet.', { hint: 'Wait until it runs.' });
  }

  get #seconds(): number {
    return this.#record.seconds + (performance.now() - this.#began) / 1000;
  }

  async #run(places: JobPlaces): Promise<JobChanges> {
    let changes: JobChanges;
    try {
      await sit(this.#record, this.#services, places, this.#evaluator, this.#events());
      changes = { state: 'done', reason: null };
    } catch (thrown) {
      changes = endOf(this.#wish, toErrorData(thrown));
      if (changes.reason?.code === 'internal') this.#services.log(`Job ${this.id} failed: ${changes.reason.details ?? changes.reason.message}`);
    }
    await this.#storing;
    this.#news.flush();
    const { progress, checkpointStep } = this.#standing;
    return { ...changes, progress, checkpointStep, seconds: this.#seconds, memoryBytes: null, endedAt: new Date().toISOString() };
  }

  #events(): SittingEvents {
    return {
      signal: this.#abort.signal,
      onStart: (pid) => void (this.#pid = pid),
      onData: (dataHash) => this.#store({ dataHash }, false),
      onThreads: (threads) => this.#store({ threads }, false),
      onDevice: (device) => this.#store({ device }, true),
      onEstimating: () => this.#store({ state: 'estimating', startedAt: this.#startedAt }, true),
      onRunning: (estimate, training) => {
        this.#training = training;
        this.#evaluationSeconds = estimate?.evaluationSeconds ?? this.#evaluationSeconds;
        this.#store({ state: 'running', startedAt: this.#startedAt, ...(estimate !== null && { estimate }) }, true);
      },
      onTeacher: (teacherHash) => this.#store({ teacherHash }, true),
      onWarning: (message) => this.#warn('training', message),
      onProgress: (progress, memoryBytes) => {
        Object.assign(this.#standing, { progress, memoryBytes } satisfies Partial<Standing>);
        this.#news.touch();
      },
      onStep: (row) => this.#news.step(row),
      onValidated: (row) => this.#news.validated(row),
      onSaved: (step) => this.#saved(step),
      onSample: (step, index, picture) => this.#sampled(step, index, picture),
      onStudent: (model, fresh) => this.#published(model, fresh),
      onEvaluation: (id, summary) => this.#store({ evaluation: { id, summary } }, true),
      onEvaluationProgress: (progress) => {
        // Until a picture was timed, what was foreseen before the job began.
        const secondsLeft = progress.secondsLeft ?? (1 - progress.step / progress.steps) * this.#evaluationSeconds;
        this.#standing.progress = { ...progress, secondsLeft, loss: this.#standing.progress?.loss ?? null };
        this.#news.touch();
      },
    };
  }

  #published(model: string, fresh: boolean): void {
    [this.#model, this.#training, this.#pid, this.#standing.memoryBytes] = [model, null, undefined, null];
    this.#store({ state: 'running', startedAt: this.#startedAt, model }, true);
    if (fresh) this.#services.events.emit('models.changed', {});
  }

  #saved(step: number): void {
    this.#standing.checkpointStep = step;
    this.#news.touch();
    // What a killed host left would otherwise say less than the checkpoint holds. The news tell it.
    this.#store({ checkpointStep: step, progress: this.#standing.progress, seconds: this.#seconds }, false);
    for (const tell of this.#savers.splice(0)) tell();
  }

  #sampled(step: number | null, index: number, picture: RawPicture): void {
    const files = new JobFiles(this.#services.library.dir, this.id);
    this.#storing = this.#storing.then(async () => {
      await files.storeSample(step, index, picture);
      const sample = (await files.samples(this.id)).find((one) => one.step === step && one.index === index);
      if (sample !== undefined) this.#services.events.emit('job.sample', sample);
    }).catch((thrown: unknown) => this.#warn('sample', `A sample picture could not be kept: ${toErrorData(thrown).message}`));
  }

  #warn(code: string, message: string): void {
    this.#warnings = [...this.#warnings, { code, message }];
    this.#store({ warnings: this.#warnings }, true);
  }
}

/** What a job becomes that stopped with this error while `wish` was wished. */
export function endOf(wish: Wish | null, error: ErrorData): JobChanges & { state: NonNullable<JobChanges['state']> } {
  if (wish === 'cancelled') return { state: 'cancelled', reason: null };
  if (error.code === 'disk-full') {
    return { state: 'paused', reason: { ...error, hint: error.hint ?? 'Free some space, then resume; what was learned is kept.' } };
  }
  if (error.code === 'engine-crashed') return { state: wish === 'paused' ? 'paused' : 'interrupted', reason: error };
  if (error.code !== 'cancelled') return { state: 'failed', reason: error };
  if (wish === 'paused') return { state: 'paused', reason: null };
  // Stopped by somebody else: its evaluation, in the list of evaluations.
  if (wish === null) return { state: 'paused', reason: error };
  return { state: 'interrupted', reason: { code: 'cancelled', message: 'The studio was closed while this job ran.', hint: 'Resume it: it goes on from its last checkpoint.' } };
}
