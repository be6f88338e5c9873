// A student as it is before it goes on: one pass of many rows, each told its own scale. Its teacher follows its way to correct it there.
import type { Component } from '../checkpoints/component.ts';
import type { TransformerConfig } from '../checkpoints/configs.ts';
import { embeddedNumber } from '../diffusion/components.ts';
import { Network } from '../diffusion/networks.ts';
import type { SessionOptions } from '../graph/session.ts';
import { guidanceKindOf } from '../networks/configs.ts';
import { mmdit } from '../networks/mmdit.ts';
import { repeated, type Embeddings } from './distillation-text.ts';

/** Rows are pictures' latents, one below the other: [n, channels·height·width], in order with sigmas, embeddings and scales. */
export class Pupil {
  readonly #network: Network<'latents' | 'timestep' | 'tokens' | 'pooled' | 'guidance' | 'nullPooled'>;
  readonly #config: TransformerConfig;
  readonly #empty: Embeddings;

  /** `empty`: the one row of the empty prompt. */
  constructor(transformer: Component<TransformerConfig>, empty: Embeddings, session: SessionOptions) {
    const { config } = transformer;
    this.#config = config;
    this.#empty = empty;
    this.#network = new Network(transformer, (w, inputs) => ({ velocity: mmdit(config, w, inputs) }), session);
  }

  /** Its velocity at each row's own σ and scale γ. */
  async velocity(latents: Float32Array, sigmas: readonly number[], { tokens, pooled }: Embeddings, scales: readonly number[]): Promise<Float32Array> {
    const n = sigmas.length;
    const { in_channels: channels, sample_size: side, joint_attention_dim: width, pooled_projection_dim: pooledWidth } = this.#config;
    const feeds = {
      latents: { data: latents, shape: [n, channels, side, side] },
      timestep: { data: Float32Array.from(sigmas, (sigma) => 1000 * sigma), shape: [n] },
      tokens: { data: tokens, shape: [n, tokens.length / (n * width), width] },
      pooled: { data: pooled, shape: [n, pooledWidth] },
      guidance: { data: Float32Array.from(scales, (scale) => embeddedNumber(this.#config, scale)), shape: [n] },
      ...(guidanceKindOf(this.#config) !== 'distillcfg' && { nullPooled: { data: repeated(this.#empty.pooled, n), shape: [n, pooledWidth] } }),
    };
    const { velocity } = await this.#network.run(feeds as Required<typeof feeds>);
    return velocity!;
  }

  close(): Promise<void> {
    return this.#network.close();
  }
}
