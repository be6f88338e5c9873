// A teacher as whoever answers: both branches of many rows in one batch, and what one step of its sampler does to each row.
// Knows neither where the rows come from nor what becomes of the answers.
import type { Component } from '../checkpoints/component.ts';
import type { TransformerConfig } from '../checkpoints/configs.ts';
import type { VelocityField } from '../diffusion/guidance.ts';
import { Network } from '../diffusion/networks.ts';
import { effectiveVelocity, eulerStep, reflectionStep, type SamplingPlan } from '../diffusion/samplers.ts';
import type { SessionOptions } from '../graph/session.ts';
import { mmdit } from '../networks/mmdit.ts';
import { repeated, type Embeddings } from './distillation-text.ts';

/** One step of the schedule, the same for all rows. */
export interface TaughtStep {
  readonly from: number;
  readonly to: number;
  readonly reflects: boolean;
}

/** Rows are pictures' latents, one below the other: [n, channels·height·width], in order with the embeddings. */
export class Teacher {
  readonly #network: Network<'latents' | 'timestep' | 'tokens' | 'pooled'>;
  readonly #config: TransformerConfig;
  readonly #empty: Embeddings;

  /** `empty`: the one row of the empty prompt. */
  constructor(transformer: Component<TransformerConfig>, empty: Embeddings, session: SessionOptions) {
    const { config } = transformer;
    this.#config = config;
    this.#empty = empty;
    this.#network = new Network(transformer, (w, inputs) => ({ velocity: mmdit(config, w, inputs) }), session);
  }

  /** v_c and v_∅ of each row at its own σ, from one batch of twice the rows. */
  async branches(latents: Float32Array, sigmas: readonly number[], text: Embeddings): Promise<[Float32Array, Float32Array]> {
    const empty = this.#emptyRows(sigmas.length);
    const velocity = await this.#velocity(
      joined(latents, latents), [...sigmas, ...sigmas], { tokens: joined(text.tokens, empty.tokens), pooled: joined(text.pooled, empty.pooled) },
    );
    return [velocity.subarray(0, latents.length), velocity.subarray(latents.length)];
  }

  /**
   * The velocity with which one Euler step would do what the sampler's step does to each row under its own plan: u = (Φ(x) − x)/(σ' − σ).
   * The rows' plans differ in their scales only. `conditional`: v_c where the step begins, whose first pass needs it in any case.
   */
  async effective(
    latents: Float32Array, { from, to, reflects }: TaughtStep, text: Embeddings, plans: readonly SamplingPlan[],
  ): Promise<{ velocity: Float32Array; conditional: Float32Array }> {
    const both = await this.branches(latents, plans.map(() => from), text);
    const field = (scaleOf: (plan: SamplingPlan) => number): VelocityField => async (x, sigma) =>
      (x === latents ? guided(both, plans.map(scaleOf)) : this.#guided(x, sigma, text, plans.map(scaleOf)));
    const base = field((plan) => plan.base);
    const step = reflects
      ? reflectionStep({ strong: field((plan) => plan.reflection!.strong), weak: field((plan) => plan.reflection!.weak), base })
      : eulerStep(base);
    return { velocity: await effectiveVelocity(step, latents, from, to), conditional: both[0] };
  }

  close(): Promise<void> {
    return this.#network.close();
  }

  /** v_∅ + γ(v_c − v_∅) with a scale γ for each row. Where a branch has no weight in any row, it is not evaluated. */
  async #guided(latents: Float32Array, sigma: number, text: Embeddings, scales: readonly number[]): Promise<Float32Array> {
    const sigmas = scales.map(() => sigma);
    if (scales.every((scale) => scale === 1)) return this.#velocity(latents, sigmas, text);
    if (scales.every((scale) => scale === 0)) return this.#velocity(latents, sigmas, this.#emptyRows(scales.length));
    return guided(await this.branches(latents, sigmas, text), scales);
  }

  #emptyRows(count: number): Embeddings {
    return { tokens: repeated(this.#empty.tokens, count), pooled: repeated(this.#empty.pooled, count) };
  }

  async #velocity(latents: Float32Array, sigmas: readonly number[], { tokens, pooled }: Embeddings): Promise<Float32Array> {
    const n = sigmas.length;
    const { in_channels: channels, sample_size: side, joint_attention_dim: width, pooled_projection_dim: pooledWidth } = this.#config;
    const { velocity } = await this.#network.run({
      latents: { data: latents, shape: [n, channels, side, side] },
      timestep: { data: Float32Array.from(sigmas, (sigma) => 1000 * sigma), shape: [n] },
      tokens: { data: tokens, shape: [n, tokens.length / (n * width), width] },
      pooled: { data: pooled, shape: [n, pooledWidth] },
    });
    return velocity!;
  }
}

/** Rows of v_∅ + γ(v_c − v_∅), a scale for each row. */
export function guided([conditional, unconditional]: readonly [Float32Array, Float32Array], scales: readonly number[]): Float32Array {
  const length = conditional.length / scales.length;
  return conditional.map((value, i) => unconditional[i]! + scales[Math.floor(i / length)]! * (value - unconditional[i]!));
}

function joined(first: Float32Array, second: Float32Array): Float32Array {
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
