// Evaluations behind the contract's calls: planned, worked off one at a time, stopped, resumed, looked at, thrown away.
// Holds who is at work; what lies on disk is told by the evaluations' folders alone.
import { join } from 'node:path';
import { StudioError, toErrorData } from '../contract/errors.ts';
import type { EvaluateRequest, EvaluationPlan, EvaluationRecord, EvaluationReport } from '../contract/evaluation.ts';
import type { EvaluationPictureAddress } from '../contract/picture-address.ts';
import type { Warning } from '../contract/schemas.ts';
import type { EngineCommand } from '../engine/child.ts';
import type { Timing } from './evaluation-cost.ts';
import { type EvaluationEnd, type EvaluationFolder, EvaluationStore, type PlannedEvaluation } from './evaluation-files.ts';
import { EvaluationHelper } from './evaluation-helper.ts';
import { PictureReader } from './evaluation-pictures.ts';
import { planEvaluation, summaryOf } from './evaluation-plan.ts';
import { EvaluationRun } from './evaluation-runner.ts';
import { Turns } from './evaluation-turns.ts';
import type { Handlers, Services } from './services.ts';

/** One evaluation that waits or is at work. */
interface Activity {
  readonly abort: AbortController;
  /** `closing` leaves no trace of how it ended: it was interrupted. */
  reason: 'cancelled' | 'closing';
  record: EvaluationRecord;
  /** Resolves when it has stopped. */
  ended: Promise<void>;
}

export class Evaluations {
  readonly #services: Services;
  readonly #store: EvaluationStore;
  readonly #command: EngineCommand;
  readonly #sketches: string;
  readonly #pictures: PictureReader;
  readonly #trainsBeside: () => boolean;
  readonly #active = new Map<string, Activity>();
  /** Reports of evaluations that stopped early, being put together because somebody looked. */
  readonly #reporting = new Map<string, EvaluationHelper>();
  readonly #turns: Turns;
  /** Of pictures drawn since the studio opened, the newest first. */
  #timings: Timing[] = [];
  #last: Promise<void> = Promise.resolve();
  #closing = false;

  /**
   * `command`: starts an evaluation process. `sketches`: file of the training pictures' sketches (scripts/measure/training-index.ts).
   * `trainsBeside`: whether a student is being trained on this machine just now.
   */
  constructor(services: Services, command: EngineCommand, sketches: string, trainsBeside: () => boolean) {
    this.#services = services;
    this.#command = command;
    this.#sketches = sketches;
    this.#trainsBeside = trainsBeside;
    this.#store = new EvaluationStore(services.library.dir);
    this.#pictures = new PictureReader(this.#store);
    this.#turns = new Turns(services);
  }

  /** Throws as `planEvaluation`. */
  async plan(request: EvaluateRequest): Promise<EvaluationPlan> {
    const plan = summaryOf(await planEvaluation(request, this.#services), this.#pastTimings());
    return this.#trainsBeside() ? { ...plan, warnings: [...plan.warnings, besideNow] } : plan;
  }

  /** On disk before it is answered. Throws as `planEvaluation`, 'disk-full', 'permission'. */
  async start(request: EvaluateRequest): Promise<EvaluationRecord> {
    const plan = await planEvaluation(request, this.#services);
    const folder = await this.#store.create(plan);
    return this.#enqueue(folder, plan, 0);
  }

  /** Throws 'not-found', 'corrupt-file'; 'invalid-input' for one that is done. One at work goes on as it is. */
  async resume(id: string): Promise<EvaluationRecord> {
    const running = this.#active.get(id);
    if (running !== undefined) return running.record;
    const folder = this.#store.folder(id);
    const record = await this.#read(id);
    if (record.state === 'done') throw new StudioError('invalid-input', `The evaluation ${id} is done; there is nothing left to draw.`);
    this.#stopReporting(id);
    const plan = await folder.plan();
    await folder.clearEnd();
    return this.#enqueue(folder, plan, record.done);
  }

  /** Stops it; resolves when it has stopped. One that is not at work stays as it is. Throws 'not-found'. */
  async cancel(id: string): Promise<EvaluationRecord> {
    const activity = this.#active.get(id);
    activity?.abort.abort();
    await activity?.ended;
    return this.#read(id);
  }

  async list(): Promise<EvaluationRecord[]> {
    const records: EvaluationRecord[] = [];
    for (const id of await this.#store.ids()) {
      // One damaged folder must not hide the others.
      await this.#read(id).then((record) => records.push(record), (thrown: unknown) => this.#services.log(`The evaluation ${id} cannot be read: ${toErrorData(thrown).message}`));
    }
    return records.sort((a, b) => (a.createdAt === b.createdAt ? compare(b.id, a.id) : compare(b.createdAt, a.createdAt)));
  }

  /**
   * The record and, once it is there, the report. Of one that stopped early the report over what it has is put together now;
   * `evaluation.changed` tells when. Throws 'not-found', 'corrupt-file'.
   */
  async get(id: string): Promise<{ evaluation: EvaluationRecord; report: EvaluationReport | null }> {
    const evaluation = await this.#read(id);
    if (this.#active.has(id)) return { evaluation, report: null };
    const folder = this.#store.folder(id);
    const report = await folder.report();
    if (report === null) this.#reportLater(id, folder);
    return { evaluation, report };
  }

  get pictures(): PictureReader {
    return this.#pictures;
  }

  /** Throws 'not-found'. */
  picturePath(address: EvaluationPictureAddress): string {
    return this.#store.picturePath(address);
  }

  /** Throws 'not-found'. */
  async delete(id: string): Promise<void> {
    await this.cancel(id);
    this.#stopReporting(id);
    await this.#store.trash(id);
    this.#services.events.emit('evaluation.deleted', { evaluation: id });
  }

  /** Throws 'not-found' for what is not in the trash. */
  async restore(id: string): Promise<EvaluationRecord> {
    await this.#store.restore(id);
    const record = await this.#read(id);
    this.#services.events.emit('evaluation.changed', { evaluation: record });
    return record;
  }

  /** Stops everything; resolves when it has. What was at work counts as interrupted. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const id of [...this.#reporting.keys()]) this.#stopReporting(id);
    const activities = [...this.#active.values()];
    for (const activity of activities) {
      activity.reason = 'closing';
      activity.abort.abort();
    }
    await Promise.all(activities.map(({ ended }) => ended));
  }

  #enqueue(folder: EvaluationFolder, plan: PlannedEvaluation, done: number): EvaluationRecord {
    const { id, createdAt, request, cells, prompts } = plan;
    const record: EvaluationRecord = { id, state: 'queued', createdAt, request, done, total: cells.length * prompts.length, error: null };
    const activity: Activity = { abort: new AbortController(), reason: 'cancelled', record, ended: Promise.resolve() };
    this.#active.set(id, activity);
    const turn = this.#last;
    // Cancelled while it waits, it ends at once.
    const stopped = new Promise<void>((resolve) => activity.abort.signal.addEventListener('abort', () => resolve(), { once: true }));
    activity.ended = Promise.race([turn, stopped])
      .then(() => this.#perform(activity, folder, plan))
      .then((end) => this.#end(activity, folder, end));
    this.#last = Promise.all([turn, activity.ended]).then(() => undefined);
    this.#changed(record);
    return record;
  }

  /** Never throws: how it ended is the answer. */
  async #perform(activity: Activity, folder: EvaluationFolder, plan: PlannedEvaluation): Promise<EvaluationEnd> {
    const warnings: Warning[] = [];
    const { signal } = activity.abort;
    const ended = (state: EvaluationEnd['state'], error: EvaluationEnd['error'] = null): EvaluationEnd => ({ state, error, done: activity.record.done, warnings });
    if (signal.aborted) return ended('cancelled');
    const helper = new EvaluationHelper(this.#command);
    try {
      this.#update(activity, { state: 'running' });
      const run = new EvaluationRun(this.#services, helper, folder, plan, {
        signal,
        quiet: () => this.#turns.quiet(signal),
        trainsBeside: this.#trainsBeside,
        onTiming: (timing) => (this.#timings = [timing, ...this.#timings.slice(0, keptTimings - 1)]),
        onProgress: (progress) => {
          activity.record = { ...activity.record, done: progress.done };
          this.#services.events.emit('evaluation.progress', { evaluation: plan.id, ...progress });
        },
        onWarning: (warning) => warnings.push(warning),
      });
      await run.draw();
      if (signal.aborted) return ended('cancelled');
      signal.addEventListener('abort', () => helper.close(), { once: true });
      const { done, total } = activity.record;
      const report = await helper.report(this.#reportJob(folder, warnings), (secondsLeft) =>
        this.#services.events.emit('evaluation.progress', { evaluation: plan.id, done, total, cell: null, secondsLeft }));
      if (report === null) throw new StudioError('internal', 'The evaluation drew everything and has nothing to report.');
      await folder.writeReport(report);
      return ended('done');
    } catch (thrown) {
      const error = toErrorData(thrown);
      if (error.code === 'internal') this.#services.log(`The evaluation ${plan.id} failed: ${error.details ?? error.message}`);
      return signal.aborted || error.code === 'cancelled' ? ended('cancelled') : ended('failed', error);
    } finally {
      helper.close();
    }
  }

  /** Writes down how it ended and tells everyone; when even that fails, it counts as interrupted. */
  async #end(activity: Activity, folder: EvaluationFolder, end: EvaluationEnd): Promise<void> {
    const interrupted = activity.reason === 'closing' && end.state === 'cancelled';
    if (!interrupted) {
      await folder.writeEnd(end).catch((thrown: unknown) => this.#services.log(`The end of the evaluation ${activity.record.id} could not be stored: ${toErrorData(thrown).message}`));
    }
    this.#active.delete(activity.record.id);
    this.#changed({ ...activity.record, state: interrupted ? 'interrupted' : end.state, error: end.error });
  }

  #reportJob(folder: EvaluationFolder, warnings: Warning[]) {
    return { dir: folder.dir, sketches: this.#sketches, cacheDir: join(this.#services.library.dir, 'cache', 'evaluation'), warnings };
  }

  #reportLater(id: string, folder: EvaluationFolder): void {
    // Whoever waits for an evaluation asks once more when closing has stopped it: a process begun then would outlive the studio.
    if (this.#closing || this.#reporting.has(id)) return;
    const helper = new EvaluationHelper(this.#command);
    this.#reporting.set(id, helper);
    const work = async () => {
      const warnings = (await folder.end())?.warnings ?? [];
      const report = await helper.report(this.#reportJob(folder, warnings));
      if (report === null || this.#reporting.get(id) !== helper) return;
      await folder.writeReport(report);
      this.#changed(await this.#read(id));
    };
    work()
      .catch((thrown: unknown) => this.#reporting.get(id) === helper && this.#services.log(`The evaluation ${id} cannot be reported: ${toErrorData(thrown).message}`))
      .finally(() => {
        helper.close();
        if (this.#reporting.get(id) === helper) this.#reporting.delete(id);
      });
  }

  #stopReporting(id: string): void {
    const helper = this.#reporting.get(id);
    this.#reporting.delete(id);
    helper?.close();
  }

  async #read(id: string): Promise<EvaluationRecord> {
    const activity = this.#active.get(id);
    if (activity !== undefined) return activity.record;
    const folder = this.#store.folder(id);
    const [{ createdAt, request, cells, prompts }, end] = await Promise.all([folder.plan(), folder.end()]);
    const total = cells.length * prompts.length;
    const done = end?.done ?? (await this.#pictures.count(id));
    return { id, state: end?.state ?? 'interrupted', createdAt, request, done, total, error: end?.error ?? null };
  }

  #update(activity: Activity, change: Partial<EvaluationRecord>): void {
    activity.record = { ...activity.record, ...change };
    this.#changed(activity.record);
  }

  #changed(evaluation: EvaluationRecord): void {
    this.#services.events.emit('evaluation.changed', { evaluation });
  }

  /** Of the pictures in the history: what they took on the device as it is set now. */
  #pastTimings(): Timing[] {
    const { library, engine } = this.#services;
    const { device, threads } = engine.status();
    const pictures = library.runs.list({ limit: 200 }).runs.flatMap(({ images }) => images);
    const here = pictures.filter((image) => (device === null || image.device === device) && (threads === null || image.threads === threads));
    return [...this.#timings, ...here];
  }
}

const keptTimings = 500;

const besideNow: Warning = {
  code: 'training-beside', message: 'A student is being trained now. Pictures take longer meanwhile, and their times are not to be compared with those of other evaluations.',
};

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function evaluationHandlers(evaluations: Evaluations) {
  return {
    'evaluations.plan': (request) => evaluations.plan(request),
    'evaluations.start': (request) => evaluations.start(request),
    'evaluations.cancel': ({ evaluation }) => evaluations.cancel(evaluation),
    'evaluations.resume': ({ evaluation }) => evaluations.resume(evaluation),
    'evaluations.list': async () => ({ evaluations: await evaluations.list() }),
    'evaluations.get': ({ evaluation }) => evaluations.get(evaluation),
    'evaluations.pictures': (query) => evaluations.pictures.page(query),
    'evaluations.delete': async ({ evaluation }) => {
      await evaluations.delete(evaluation);
      return {};
    },
    'evaluations.restore': ({ evaluation }) => evaluations.restore(evaluation),
  } satisfies Partial<Handlers>;
}
