// Distillation jobs: queued, worked off one at a time, paused, gone on with, thrown away and taken back.
// Holds the queue; how a job is done is its activity's business.
import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { StudioError, toErrorData } from '../contract/errors.ts';
import {
  isResumable, type ExportFormat, type JobConfig, type JobEstimate, type JobExport, type JobMetrics, type JobRecord, type JobSample, type MetricsQuery,
} from '../contract/jobs.ts';
import type { RgbPicture } from '../contract/schemas.ts';
import { condensed } from '../jobs/metrics.ts';
import { freeName, inOrder, isActive, mayBecome, moved, nextJob, queue } from '../jobs/queue.ts';
import type { JobChanges } from '../library/repositories/jobs.ts';
import { JobActivity, type Wish } from './jobs-activity.ts';
import type { Evaluator } from './jobs-evaluation.ts';
import { exportStudent } from './jobs-export.ts';
import { JobFiles, jobsFolder } from './jobs-files.ts';
import { estimateJob, type JobPlaces, runnableModels } from './jobs-sitting.ts';
import { JobStore } from './jobs-store.ts';
import { rgbPicture } from './picture-making.ts';
import type { Services } from './services.ts';

export class Jobs {
  readonly #services: Services;
  readonly #places: JobPlaces;
  readonly #evaluator: Evaluator;
  readonly #store: JobStore;
  readonly #closing = new AbortController();
  /** The latest estimate and what it was for: whoever looked at it before the start need not wait for it again. */
  #estimated: { config: string; estimate: JobEstimate } | null = null;
  #active: JobActivity | null = null;
  /** Until `begin`, only jobs that were started or gone on with here get their turn; null: all. */
  #asked: Set<string> | null = new Set();
  /** Estimates that are being measured. */
  #measuring = 0;

  /** Jobs that a dead host left at work become `interrupted`. */
  constructor(services: Services, places: JobPlaces, evaluator: Evaluator) {
    this.#services = services;
    this.#places = places;
    this.#evaluator = evaluator;
    this.#store = new JobStore(services);
    for (const { id, state } of this.#store.all()) {
      if (isActive(state)) this.#note(id, { state: 'interrupted', memoryBytes: null, reason: hostDied });
    }
  }

  /** Works the whole queue off. Without it only what somebody starts or resumes here gets its turn. */
  begin(): void {
    this.#asked = null;
    this.#startNext();
  }

  /** Throws StudioError for a teacher or source that cannot be used; a job that cannot fit has a refusal. */
  async estimate(config: JobConfig): Promise<JobEstimate> {
    const folder = join(jobsFolder(this.#services.library.dir), `${measuredPrefix}${randomUUID()}`);
    this.#measuring += 1;
    const estimate = await estimateJob(config, this.#services, this.#places, folder, this.#closing.signal).finally(() => (this.#measuring -= 1));
    this.#estimated = { config: costOf(config), estimate };
    return estimate;
  }

  /** Stored and queued when it is answered. Throws 'not-found', 'invalid-input', 'corrupt-file' for the teacher and a student to go on from, 'disk-full'. */
  async start(config: JobConfig): Promise<JobRecord> {
    await runnableModels(config, this.#services.models);
    const name = freeName(config.name, await this.#takenNames());
    const { id } = this.#jobs.insert({
      id: randomUUID(), name, config: { ...config, name }, state: 'queued', createdAt: new Date().toISOString(), startedAt: null, endedAt: null, progress: null,
      checkpointStep: 0, seconds: 0, memoryBytes: null, estimate: this.#estimated?.config === costOf(config) ? this.#estimated.estimate : null, reason: null, warnings: [], teacherHash: null, dataHash: null, threads: null, device: null, model: null, evaluation: null,
    });
    this.#asked?.add(id);
    this.#tell(id);
    this.#startNext();
    return this.get(id);
  }

  /** Throws 'not-found'. */
  get(id: string): JobRecord {
    return this.#live(this.#store.read(id));
  }

  list(): JobRecord[] {
    return inOrder(this.#store.all().map((record) => this.#live(record)));
  }

  async metrics(query: MetricsQuery): Promise<JobMetrics> {
    const files = this.#files(query.job);
    return condensed(await files.trainingLog(), await files.validationLog(), query);
  }

  samples(id: string): Promise<JobSample[]> {
    return this.#files(id).samples(id);
  }

  /** Throws 'not-found', 'corrupt-file'. */
  async picture(id: string, step: number | null, index: number): Promise<RgbPicture> {
    return rgbPicture(await this.#files(id).readSample(step, index));
  }

  /** Throws 'invalid-input' for a job that does not learn now. */
  sampleNow(id: string): void {
    this.#atWork(id).sample();
  }

  /** Resolves when the checkpoint is on disk. Throws as `sampleNow`. */
  async saveNow(id: string): Promise<JobRecord> {
    await this.#atWork(id).save();
    return this.get(id);
  }

  /** Throws 'invalid-input' for a job that neither waits nor is at work. */
  pause(id: string): Promise<JobRecord> {
    return this.#halt(id, 'paused', 'Only a job that waits or is at work can be paused.');
  }

  /** Throws 'invalid-input' for a job that is done. */
  cancel(id: string): Promise<JobRecord> {
    return this.#halt(id, 'cancelled', 'This job is done already.');
  }

  /** Puts it at the head of the queue; one that waits or is at work stays as it is. Throws 'invalid-input' for a job that is done. */
  resume(id: string): JobRecord {
    const { state } = this.#store.read(id);
    if (state === 'queued' || isActive(state)) return this.get(id);
    if (!isResumable(state)) throw new StudioError('invalid-input', 'This job is done; there is nothing left to learn.', { hint: 'Duplicate it to start another one.' });
    this.#store.keep(id, { state: 'queued', reason: null, endedAt: null });
    this.#asked?.add(id);
    this.#tell(id);
    this.#order([id, ...this.#store.waiting().filter((other) => other !== id)]);
    this.#startNext();
    return this.get(id);
  }

  /** Answers with all jobs. Throws 'invalid-input' where one of the two is not in the queue. */
  reorder(id: string, before: string | null): JobRecord[] {
    const waiting = this.#store.waiting();
    for (const named of before === null ? [id] : [id, before]) {
      if (!waiting.includes(named)) throw new StudioError('invalid-input', `Job ${named} does not wait in the queue, so it has no place there.`);
    }
    this.#order(moved(waiting, id, before));
    return this.list();
  }

  /** Its configuration under a free name. */
  async duplicate(id: string): Promise<JobConfig> {
    const { config } = this.#store.read(id);
    return { ...config, name: freeName(config.name, await this.#takenNames()) };
  }

  /** Stops it and moves it to the trash, with its student where `withModel` says so. Throws 'not-found', 'permission'. */
  async delete(id: string, withModel: boolean): Promise<void> {
    this.#store.read(id);
    if (this.#active?.id === id) await this.#active.stop('cancelled');
    // Its student may have become a model on the last moment.
    const { model } = this.#store.read(id);
    const gone = withModel && model !== null && (await this.#files(id).trashModel(this.#modelFolder(model)));
    this.#jobs.trash(id, gone ? model : null);
    this.#services.events.emit('job.deleted', { job: id });
    if (gone) this.#services.events.emit('models.changed', {});
    this.#tellQueue();
    this.#startNext();
  }

  /** Undoes `delete`; a student whose name was taken meanwhile comes back under another. Throws 'not-found', 'permission'. */
  async restore(id: string): Promise<JobRecord> {
    const { model } = this.#jobs.trashed(id);
    const name = model === null ? null : freeName(model, await this.#takenNames());
    if (name !== null) await new JobFiles(this.#services.library.dir, id).restoreModel(this.#modelFolder(name));
    this.#jobs.restore(id);
    if (name !== null) {
      this.#note(id, { model: name });
      this.#services.events.emit('models.changed', {});
    }
    this.#tell(id);
    this.#tellQueue();
    this.#startNext();
    return this.get(id);
  }

  /** Into the library's `exports`. Throws 'invalid-input' for a job without a student, and as `exportStudent`. */
  async export(id: string, format: ExportFormat): Promise<JobExport> {
    const { model } = this.#store.read(id);
    if (model === null) throw new StudioError('invalid-input', 'This job has no student yet.', { hint: 'Wait until it is done.' });
    return exportStudent(model, format, { ...this.#places, exports: join(this.#services.library.dir, 'exports') }, this.#closing.signal);
  }

  /** Removes for good what went to the trash before this time. */
  async emptyTrash(before: Date): Promise<void> {
    const folder = jobsFolder(this.#services.library.dir);
    for (const name of await readdir(folder).catch(() => [])) {
      // A host that died while it measured.
      if (name.startsWith(measuredPrefix)) await rm(join(folder, name), { recursive: true, force: true });
    }
    for (const { id } of this.#jobs.trashedBefore(before)) {
      await new JobFiles(this.#services.library.dir, id).remove();
      this.#jobs.purge(id);
    }
  }

  /** Stops what is at work, with a checkpoint; when the studio opens again it is offered for going on. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#active?.stop('closing');
  }

  #modelFolder(model: string): string {
    return join(this.#services.library.dir, 'models', model);
  }

  /** Of the process that trains, while there is one. */
  get trainingPid(): number | undefined {
    return this.#active?.pid;
  }

  get #jobs() {
    return this.#services.library.jobs;
  }

  /** Is training at work, or measured? Other times than its own are longer meanwhile. */
  get trains(): boolean {
    return this.#measuring > 0 || this.#active?.trains === true;
  }

  #files(id: string): JobFiles {
    return new JobFiles(this.#services.library.dir, this.#store.read(id).id);
  }

  #live(record: JobRecord): JobRecord {
    return this.#active?.id === record.id ? this.#active.live(record) : record;
  }

  #atWork(id: string): JobActivity {
    this.#store.read(id);
    if (this.#active?.id === id) return this.#active;
    throw new StudioError('invalid-input', 'This job is not at work now.', { hint: 'Resume it first.' });
  }

  async #halt(id: string, wish: Exclude<Wish, 'closing'>, refusal: string): Promise<JobRecord> {
    if (this.#active?.id === id) {
      await this.#active.stop(wish);
      return this.get(id);
    }
    const { state } = this.#store.read(id);
    if (!mayBecome(state, wish)) throw new StudioError('invalid-input', refusal);
    if (state !== wish) this.#store.keep(id, { state: wish });
    this.#tell(id);
    this.#tellQueue();
    return this.get(id);
  }

  #startNext(): void {
    if (this.#closing.signal.aborted || this.#active !== null) return;
    const record = nextJob(this.#store.all().filter(({ id }) => this.#asked?.has(id) !== false));
    if (record === null) return;
    const activity = new JobActivity(record, this.#services, this.#places, this.#evaluator, (changes, tell) => this.#note(record.id, changes, tell));
    this.#active = activity;
    activity.ended.then((changes) => this.#finish(record.id, changes))
      .catch((thrown: unknown) => this.#services.log(`The queue of jobs stands still: ${toErrorData(thrown).message}`));
  }

  async #finish(id: string, changes: JobChanges): Promise<void> {
    this.#active = null;
    this.#note(id, changes);
    if (changes.state === 'done') {
      await new JobFiles(this.#services.library.dir, id).lighten()
        .catch((thrown: unknown) => this.#services.log(`What job ${id} needs no more was not removed: ${toErrorData(thrown).message}`));
    }
    this.#startNext();
  }

  #note(id: string, changes: JobChanges, tell = true): void {
    this.#store.note(id, changes);
    if (tell) this.#tell(id);
  }

  #order(ids: readonly string[]): void {
    this.#jobs.setOrder(ids);
    this.#tellQueue();
  }

  /** One that went to the trash is no news. */
  #tell(id: string): void {
    const job = this.list().find((record) => record.id === id);
    if (job !== undefined) this.#services.events.emit('job.changed', { job });
  }

  #tellQueue(): void {
    for (const job of queue(this.list())) this.#services.events.emit('job.changed', { job });
  }

  /** Models there are, and students to come. */
  async #takenNames(): Promise<string[]> {
    const models = (await this.#services.models.list()).map(({ id }) => id);
    return [...models, ...this.#store.all().filter(({ state }) => state !== 'done').map(({ name }) => name)];
  }
}

/** Two configurations that differ in their names only cost the same. */
const costOf = ({ name: _name, ...config }: JobConfig): string => JSON.stringify(config);

/** Of the folders in which estimates are measured. */
const measuredPrefix = '.estimate-';

const hostDied = {
  code: 'engine-crashed', message: 'The studio or the machine stopped while this job ran.', hint: 'Resume it: it goes on from its last checkpoint.',
} as const;
