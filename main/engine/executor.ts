// Works off the engine's jobs one at a time and answers each with messages.
// Knows jobs and pipelines; how messages travel and how models are opened is given.
import { setImmediate } from 'node:timers/promises';
import { StudioError, toErrorData } from '../contract/errors.ts';
import type { Pipeline } from '../diffusion/pipeline.ts';
import { planSampling } from '../diffusion/samplers.ts';
import type { EngineConfig, EngineMessage, HostMessage, JobRequest, MetricRef, ModelRef, PictureJob, SampledPicture } from './messages.ts';
import { PipelineCache } from './pipeline-cache.ts';
import { probeProvider } from './probe.ts';
import { runtimeError } from './runtime-errors.ts';
import type { Scorer } from './scorers.ts';

/** A teacher, its student, and one more: what a comparison and the live preview use. */
const openModels = 3;
const openMetrics = 3;

export interface OpenModel {
  readonly pipeline: Pipeline;
  close(): Promise<void>;
}

export interface ExecutorOptions {
  /** ONNX Runtime's version, part of what determines a picture's pixels. */
  readonly runtime: string;
  send(message: EngineMessage): void;
  open(model: ModelRef, config: EngineConfig): Promise<OpenModel>;
  openScorer(metric: MetricRef, config: EngineConfig): Promise<Scorer>;
}

type Configure = Extract<HostMessage, { kind: 'configure' }>;

/** An open model and the numbers of branches it has already evaluated once. */
interface WarmModel extends OpenModel {
  readonly warmed: Set<number>;
}

export class Executor {
  readonly #options: ExecutorOptions;
  readonly #models: PipelineCache<WarmModel>;
  readonly #metrics: PipelineCache<Scorer, MetricRef>;
  readonly #waiting: (JobRequest | Configure)[] = [];
  /** `id`: of the job; null while the configuration changes. */
  #running: { id: number | null; abort: AbortController } | null = null;
  #config: EngineConfig | null = null;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#models = new PipelineCache(openModels, async (model) => ({ ...(await options.open(model, this.#configured())), warmed: new Set<number>() }));
    this.#metrics = new PipelineCache(openMetrics, (metric) => options.openScorer(metric, this.#configured()));
  }

  /** Takes a message in; never throws. `shutdown` is the caller's business. */
  accept(message: HostMessage): void {
    switch (message.kind) {
      case 'cancel':
        return this.#cancel(message.id);
      case 'status':
        return this.#options.send({ kind: 'status', memoryBytes: residentBytes() });
      case 'shutdown':
        return;
      default:
        if (message.kind === 'live') this.#supersede();
        this.#waiting.push(message);
        void this.#work();
    }
  }

  #configured(): EngineConfig {
    if (this.#config === null) throw new StudioError('internal', 'The engine was given work before its configuration.');
    return this.#config;
  }

  /** A newer live job answers for all that still wait: only the newest value is worth a picture. */
  #supersede(): void {
    for (const { id } of this.#waiting.filter((waiting) => waiting.kind === 'live')) this.#cancel(id);
  }

  #cancel(id: number): void {
    if (this.#running?.id === id) return this.#running.abort.abort();
    const index = this.#waiting.findIndex((job) => job.kind !== 'configure' && job.id === id);
    if (index < 0) return;
    this.#waiting.splice(index, 1);
    this.#fail(id, new StudioError('cancelled', 'Stopped before it began.'));
  }

  async #work(): Promise<void> {
    if (this.#running !== null) return;
    for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift()) {
      const abort = new AbortController();
      if (job.kind === 'configure') {
        this.#running = { id: null, abort };
        this.#config = job.config;
        await this.#models.clear();
        await this.#metrics.clear();
      } else {
        this.#running = { id: job.id, abort };
        await this.#run(job, abort.signal).catch((thrown: unknown) => this.#fail(job.id, runtimeError(thrown)));
      }
      await setImmediate();
      this.#running = null;
    }
  }

  async #run(job: JobRequest, signal: AbortSignal): Promise<void> {
    const { send } = this.#options;
    switch (job.kind) {
      case 'probe':
        for (const provider of job.providers) {
          send({ kind: 'probed', id: job.id, report: await probeProvider(provider, job.threads) });
          await setImmediate();
        }
        return;
      case 'warm': {
        await this.#warm(job.id, job.job, signal);
        return send({ kind: 'warmed', id: job.id, memoryBytes: residentBytes() });
      }
      case 'sample':
      case 'live': {
        const result = await this.#sample(job.id, job.job, signal, job.kind === 'sample');
        return send({ kind: 'sampled', id: job.id, memoryBytes: residentBytes(), result });
      }
      case 'score': {
        send({ kind: 'alive', id: job.id });
        const { metric, picture, prompt } = job.job;
        const score = await (await this.#metrics.get(metric)).score(picture, prompt);
        return send({ kind: 'scored', id: job.id, memoryBytes: residentBytes(), score });
      }
    }
  }

  /** Evaluates each batch shape of the run once and decodes: the first evaluation of a shape is slower than all others. */
  async #warm(id: number, job: PictureJob, signal: AbortSignal): Promise<void> {
    const { pipeline, warmed } = await this.#models.get(job.model);
    const plan = planSampling(job.sampler, job.guidance, job.reflection);
    for (const guidance of new Set([plan.base, plan.reflection?.strong ?? plan.base, plan.reflection?.weak ?? plan.base])) {
      const request = { ...pixels(job), guidance, steps: 1, sampler: 'euler' as const, reflection: {} };
      const branches = pipeline.plannedNfe(request);
      if (warmed.has(branches)) continue;
      this.#options.send({ kind: 'alive', id });
      await pipeline.run(request, { signal });
      warmed.add(branches);
    }
  }

  async #sample(id: number, job: PictureJob, signal: AbortSignal, reportSteps: boolean): Promise<SampledPicture> {
    this.#options.send({ kind: 'alive', id });
    const { pipeline } = await this.#models.get(job.model);
    const image = await pipeline.run(pixels(job), {
      signal,
      ...(reportSteps && { onStep: (report) => this.#options.send({ kind: 'step', id, report }) }),
    });
    const { provider, threads } = this.#configured();
    const { picture, nfe, samplingMs, decodeMs, effectiveGuidance, sampler, generator } = image;
    return {
      picture, nfe, samplingMs, decodeMs, effectiveGuidance, sampler, generator,
      provider, threads, runtime: this.#options.runtime,
    };
  }

  #fail(id: number, error: StudioError): void {
    this.#options.send({ kind: 'failed', id, memoryBytes: residentBytes(), error: toErrorData(error) });
  }
}

/** What of a job goes to the pipeline: all but the model. */
function pixels({ model: _, ...request }: PictureJob): Omit<PictureJob, 'model'> {
  return request;
}

function residentBytes(): number {
  return process.memoryUsage.rss();
}
