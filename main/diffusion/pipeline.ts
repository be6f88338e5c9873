// From a request to a picture: noise, the schedule's steps, the decoder. One step at a time, so that whoever watches can show or stop it.
// Knows neither how networks are executed nor where pictures are kept.
import { StudioError } from '../contract/errors.ts';
import type { Sampler, Warning } from '../contract/schemas.ts';
import { CachedTextEncoder } from './embedding-cache.ts';
import { classifierFree, embedded, guidedField, type PromptPair } from './guidance.ts';
import type { Picture, PipelineParts } from './model.ts';
import { generatorName, seededNoise } from './noise.ts';
import { parseSampleRequest, requestWarnings, type SampleRequest, type SampleRequestInput } from './request.ts';
import { RunMeter } from './run-meter.ts';
import {
  effectiveGuidance, planSampling, predictedImage, reflects, scalesOfStep, stepMap, type GuidedFields, type SamplingPlan,
} from './samplers.ts';
import { flowMatchSigmas } from './schedule.ts';

/** What there is to show after a step. Times are milliseconds and leave out prompt encoding and whatever the consumer does. */
export interface StepEvent {
  /** Steps finished, from 1. */
  readonly step: number;
  readonly steps: number;
  readonly nfe: number;
  readonly elapsedMs: number;
  /** Until the last step, judged by the cost of the passes so far. */
  readonly remainingMs: number;
  /** Of the image the trajectory points to, not of its noise. */
  readonly preview: Picture;
}

export interface SampledImage {
  readonly picture: Picture;
  /** C·H·W at σ = 0, as the decoder takes them. */
  readonly latents: Float32Array;
  /** The sampler that really ran: a student's is always Euler. */
  readonly sampler: Sampler;
  /** First-order equivalent CFG scale; the guidance itself when no step reflected. */
  readonly effectiveGuidance: number;
  readonly nfe: number;
  readonly samplingMs: number;
  /** The share of `samplingMs` spent inside the network. */
  readonly networkMs: number;
  readonly decodeMs: number;
  /** Name of the random generator of the starting noise. */
  readonly generator: string;
  readonly warnings: readonly Warning[];
}

/** One loaded model. Runs share nothing but cached embeddings, so they may overlap. */
export class Pipeline {
  readonly #parts: PipelineParts;
  readonly #textEncoder: CachedTextEncoder;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
    this.#textEncoder = parts.textEncoder instanceof CachedTextEncoder ? parts.textEncoder : new CachedTextEncoder(parts.textEncoder);
  }

  /** What to tell a person about a request. @throws StudioError `invalid-input` */
  warnings(input: SampleRequestInput): Warning[] {
    return requestWarnings(parseSampleRequest(input), this.#parts.student);
  }

  /** Network evaluations the request will cost. @throws StudioError `invalid-input` */
  plannedNfe(input: SampleRequestInput): number {
    const request = parseSampleRequest(input);
    const plan = this.#plan(request);
    return this.#passes(plan, flowMatchSigmas(request.steps, this.#parts.shift)).reduce((sum, passes) => sum + passes, 0);
  }

  /**
   * Yields after every step and returns the picture. Stops at the next network evaluation once `signal` is aborted.
   * @throws StudioError `invalid-input`, `cancelled`, `unsupported` (the model's values are no numbers), and what the parts throw
   */
  async *sample(input: SampleRequestInput, signal?: AbortSignal): AsyncGenerator<StepEvent, SampledImage, void> {
    const request = parseSampleRequest(input);
    const { decoder, preview, shift, student } = this.#parts;
    const plan = this.#plan(request);
    const sigmas = flowMatchSigmas(request.steps, shift);
    const passes = this.#passes(plan, sigmas);
    const totalPasses = passes.reduce((sum, count) => sum + count, 0);
    const pair = await this.#encode(request);
    const meter = new RunMeter(signal);
    const fields = this.#fields(request, pair, meter);

    let latents = this.#startingNoise(request.seed);
    let elapsedMs = 0;
    for (let i = 0; i < request.steps; i++) {
      const started = performance.now();
      const [from, to] = [sigmas[i]!, sigmas[i + 1]!];
      const arrived = await stepMap(plan, sigmas, i, fields)(latents, from, to);
      refuseNonNumbers(arrived, i + 1);
      const shown = preview.preview(predictedImage(latents, arrived, from, to));
      latents = arrived;
      elapsedMs += performance.now() - started;
      const remainingMs = (elapsedMs / meter.nfe) * (totalPasses - meter.nfe);
      yield { step: i + 1, steps: request.steps, nfe: meter.nfe, elapsedMs, remainingMs, preview: shown };
    }

    await meter.breathe();
    const started = performance.now();
    const picture = await decoder.decode(latents);
    return {
      picture,
      latents,
      sampler: student === null ? request.sampler : 'euler',
      // σᵢ₊₁/σᵢ falls along the schedule, so if the first step does not reflect, none does.
      effectiveGuidance: reflects(plan, sigmas, 0) ? effectiveGuidance(plan) : request.guidance,
      nfe: meter.nfe,
      samplingMs: elapsedMs,
      networkMs: meter.networkMs,
      decodeMs: performance.now() - started,
      generator: generatorName,
      warnings: requestWarnings(request, student),
    };
  }

  /** `sample` to its end: `for await` would drop the picture, which is the generator's return value. */
  async run(input: SampleRequestInput, { signal, onStep }: { signal?: AbortSignal; onStep?: (event: StepEvent) => void } = {}): Promise<SampledImage> {
    const steps = this.sample(input, signal);
    for (;;) {
      const next = await steps.next();
      if (next.done) return next.value;
      onStep?.(next.value);
    }
  }

  #plan({ sampler, guidance, reflection }: SampleRequest): SamplingPlan {
    return planSampling(this.#parts.student === null ? sampler : 'euler', guidance, reflection);
  }

  get #strategy() {
    return this.#parts.student === null ? classifierFree : embedded;
  }

  /** Network evaluations of each step. */
  #passes(plan: SamplingPlan, sigmas: Float32Array): number[] {
    return Array.from({ length: sigmas.length - 1 }, (_, i) =>
      scalesOfStep(plan, sigmas, i).reduce((sum, scale) => sum + this.#strategy.passes(scale), 0));
  }

  async #encode({ prompt, negativePrompt }: SampleRequest): Promise<PromptPair> {
    return { prompt: await this.#textEncoder.encode(prompt), negative: await this.#textEncoder.encode(negativePrompt) };
  }

  #fields({ sampler }: SampleRequest, pair: PromptPair, meter: RunMeter): GuidedFields {
    const { velocityModel, weakVelocityModel } = this.#parts;
    const model = meter.attach(velocityModel);
    const weakModel = sampler === 'w2sd' && weakVelocityModel !== undefined ? meter.attach(weakVelocityModel) : model;
    return {
      at: (scale) => guidedField(model, this.#strategy, pair, scale),
      weakAt: (scale) => guidedField(weakModel, this.#strategy, pair, scale),
    };
  }

  #startingNoise(seed: number): Float32Array {
    return seededNoise(seed, this.#parts.velocityModel.latentShape.reduce((product, extent) => product * extent, 1));
  }
}

function refuseNonNumbers(latents: Float32Array, step: number): void {
  // 0·x is 0 for every number, and no number for what is none.
  let sum = 0;
  for (let i = 0; i < latents.length; i++) sum += 0 * latents[i]!;
  if (sum === 0) return;
  throw new StudioError('unsupported', `The model's values stopped being numbers at step ${step}.`, {
    hint: 'Choose the CPU device, or a guidance nearer to 1. If it happens there too, the checkpoint is damaged.',
  });
}
