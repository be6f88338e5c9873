// Draws what an evaluation is missing: one picture after the other, judged and stored before it counts.
// Gives way to whatever a person asks of the engine; knows nothing of lists, states and reports.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomic } from '../checkpoints/atomic.ts';
import { fileError } from '../checkpoints/errors.ts';
import { StudioError, toErrorData } from '../contract/errors.ts';
import type { EvaluationProgress } from '../contract/evaluation.ts';
import type { Warning } from '../contract/schemas.ts';
import type { MetricRef, PictureJob, SampledPicture } from '../engine/messages.ts';
import { metadataOf, metadataTexts } from '../library/images/metadata.ts';
import { encodePng } from '../library/images/png.ts';
import type { Timing } from './evaluation-cost.ts';
import type { EvaluationFolder, PlannedEvaluation } from './evaluation-files.ts';
import type { EvaluationHelper } from './evaluation-helper.ts';
import { RecordLog, type StoredRecord } from './evaluation-log.ts';
import type { Judged } from './evaluation-messages.ts';
import { registeredMetrics } from './evaluation-metrics.ts';
import { missingPictures, pictureKey, type WorkItem } from './evaluation-order.ts';
import type { Services } from './services.ts';

type Cell = PlannedEvaluation['cells'][number];
export type Drawing = Omit<EvaluationProgress, 'evaluation'>;

export interface RunWatch {
  readonly signal: AbortSignal;
  /** Resolves when a person has no use for the engine just now; rejects when `signal` is aborted. */
  quiet(): Promise<void>;
  /** Is a student trained on the same cores? */
  trainsBeside(): boolean;
  onProgress(progress: Drawing): void;
  /** What a picture took. */
  onTiming(timing: Timing): void;
  onWarning(warning: Warning): void;
}

/** An engine that dies takes one picture with it; a picture that kills it three times is the cause. */
const attempts = 3;

export class EvaluationRun {
  readonly #services: Services;
  readonly #helper: EvaluationHelper;
  readonly #folder: EvaluationFolder;
  readonly #plan: PlannedEvaluation;
  readonly #watch: RunWatch;
  #metrics: MetricRef[] = [];

  constructor(services: Services, helper: EvaluationHelper, folder: EvaluationFolder, plan: PlannedEvaluation, watch: RunWatch) {
    this.#services = services;
    this.#helper = helper;
    this.#folder = folder;
    this.#plan = plan;
    this.#watch = watch;
  }

  /**
   * Draws every picture that is missing. Throws StudioError: 'cancelled'; 'invalid-input' naming a model whose files have changed;
   * 'not-found' for one that is gone; what engine and disk throw. What was drawn before stays and counts.
   */
  async draw(): Promise<void> {
    await this.#assertSameModels();
    this.#metrics = await this.#usableMetrics();
    const { log, records } = await RecordLog.open(this.#folder.records);
    try {
      const { cells, prompts } = this.#plan;
      const has = new Set(records.filter(({ cell, index }) => existsSync(this.#folder.picture(cell, index))).map(({ cell, index }) => pictureKey(cell, index)));
      const pace = new Pace(this.#plan, has);
      this.#dropGapped(records);
      for (const item of missingPictures(cells, prompts.length, has)) {
        this.#watch.onProgress(pace.progress(item.cell.key));
        const started = performance.now();
        await this.#drawOne(item, log);
        pace.drew(item.cell, performance.now() - started);
      }
      this.#watch.onProgress(pace.progress(null));
    } finally {
      await log.close();
    }
    // Weights that changed meanwhile may have been opened anew: its pictures would be of two models.
    await this.#assertSameModels();
  }

  async #drawOne({ cell, index }: WorkItem<Cell>, log: RecordLog): Promise<void> {
    const { prompt, seed, facts } = this.#plan.prompts[index]!;
    const { sampled, beside } = await this.#sample(this.#jobOf(cell, prompt, seed));
    this.#watch.onTiming({ model: cell.model, nfe: sampled.nfe, ms: sampled.samplingMs + sampled.decodeMs });
    // After the timed part, and before the next one begins: judging on the same cores would make it slower.
    const [judged, scores] = await Promise.all([
      this.#helper.judge({ picture: sampled.picture, facts }),
      this.#score(sampled, prompt),
      this.#store(cell, index, sampled),
    ]);
    await log.append({ ...recordOf(cell, index, sampled, judged), ...(beside && { beside }), prompt, seed, objects: facts === null ? null : facts.objects.length === 2 ? 2 : 1, scores });
  }

  #jobOf({ model, guidance, steps, sampler }: Cell, prompt: string, seed: number): PictureJob {
    const { models, request } = this.#plan;
    const { hash } = models.find(({ id }) => id === model)!;
    return { model: { id: model, hash }, prompt, negativePrompt: '', guidance, steps, seed, sampler, reflection: sampler === 'euler' ? {} : request.reflection };
  }

  /** A model that is open and warm stays so; one that others have pushed out is warmed again before it is timed. */
  async #sample(job: PictureJob): Promise<{ sampled: SampledPicture; beside: boolean }> {
    const { engine, work } = this.#services;
    const { signal } = this.#watch;
    for (let attempt = 1; ; attempt++) {
      await this.#watch.quiet();
      try {
        return await work.add(async () => {
          await engine.warm(job, { signal });
          const before = this.#watch.trainsBeside();
          const sampled = await engine.sample(job, { signal });
          return { sampled, beside: before || this.#watch.trainsBeside() };
        });
      } catch (thrown) {
        const died = thrown instanceof StudioError && thrown.code === 'engine-crashed';
        if (!died || attempt === attempts) throw thrown;
      }
    }
  }

  /** A metric that fails is dropped, with a warning: it must not cost the evaluation. */
  async #score({ picture }: SampledPicture, prompt: string): Promise<Record<string, number>> {
    const scores: Record<string, number> = {};
    for (const metric of [...this.#metrics]) {
      try {
        scores[metric.id] = await this.#services.engine.score({ metric, prompt, picture }, { signal: this.#watch.signal });
      } catch (thrown) {
        if (this.#watch.signal.aborted) throw thrown;
        this.#drop(metric, toErrorData(thrown).message);
      }
    }
    return scores;
  }

  /** A metric that failed at a picture before this sitting gives no column either. */
  #dropGapped(records: readonly StoredRecord[]): void {
    for (const metric of this.#metrics) {
      if (!records.every(({ scores }) => scores[metric.id] !== undefined)) this.#drop(metric, 'It failed at a picture that was drawn before.');
    }
  }

  #drop({ id }: Pick<MetricRef, 'id'>, why: string): void {
    this.#metrics = this.#metrics.filter((metric) => metric.id !== id);
    this.#watch.onWarning({ code: 'metric-dropped', message: `The column of ${id} is left out. ${why}` });
  }

  async #store(cell: Cell, index: number, sampled: SampledPicture): Promise<void> {
    const path = this.#folder.picture(cell.key, index);
    const { prompt, seed } = this.#plan.prompts[index]!;
    const { picture, nfe, effectiveGuidance, sampler, generator, provider: device, threads, runtime } = sampled;
    const job = this.#jobOf(cell, prompt, seed);
    const texts = metadataTexts(metadataOf({
      ...job, model: job.model.id, modelHash: job.model.hash, effectiveGuidance, sampler, generator, nfe, device, threads, runtime,
      width: picture.width, height: picture.height,
    }));
    const png = await encodePng(picture, texts);
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    } catch (thrown) {
      throw fileError(thrown, path);
    }
    await writeFileAtomic(path, png);
  }

  async #assertSameModels(): Promise<void> {
    const drawing = this.#plan.models.filter(({ id }) => this.#plan.cells.some(({ model }) => model === id));
    for (const { id, hash } of drawing) {
      if ((await this.#services.models.ref(id)).hash === hash) continue;
      throw new StudioError('invalid-input', `The model "${id}" has changed since this evaluation began.`, {
        hint: 'Start a new evaluation: one report cannot hold pictures of two models. What was drawn before is kept.',
      });
    }
  }

  /** Of the metrics that it began with, those that are still the same. */
  async #usableMetrics(): Promise<MetricRef[]> {
    if (this.#plan.metrics.length === 0) return [];
    const registered = await registeredMetrics(this.#services.library.dir);
    return this.#plan.metrics.flatMap(({ id, hash }) => {
      const ref = registered.find((metric) => metric.info.id === id)?.ref;
      if (ref?.hash === hash) return [ref];
      this.#drop({ id }, 'Its files have changed since this evaluation began, or are gone.');
      return [];
    });
  }
}

function recordOf(cell: Cell, index: number, sampled: SampledPicture, judged: Judged) {
  const { picture, nfe, samplingMs, decodeMs, provider: device, threads, runtime } = sampled;
  const pixelSha256 = createHash('sha256').update(picture.rgb).digest('hex');
  return { cell: cell.key, index, ...judged, nfe, ms: samplingMs + decodeMs, device, threads, runtime, pixelSha256 };
}

/** Counts pictures and foresees the rest by the passes that remain. */
class Pace {
  readonly #total: number;
  #done: number;
  #passesLeft: number;
  #passes = 0;
  #ms = 0;

  constructor({ cells, prompts }: PlannedEvaluation, has: ReadonlySet<string>) {
    this.#total = cells.length * prompts.length;
    this.#done = 0;
    this.#passesLeft = 0;
    for (const { key, nfe } of cells) {
      for (const index of prompts.keys()) {
        if (has.has(pictureKey(key, index))) this.#done += 1;
        else this.#passesLeft += nfe;
      }
    }
  }

  drew({ nfe }: Cell, ms: number): void {
    this.#done += 1;
    this.#passesLeft -= nfe;
    this.#passes += nfe;
    this.#ms += ms;
  }

  progress(cell: string | null): Drawing {
    const secondsLeft = this.#passes === 0 ? null : ((this.#ms / this.#passes) * this.#passesLeft) / 1000;
    return { done: this.#done, total: this.#total, cell, secondsLeft };
  }
}
