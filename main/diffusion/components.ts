// Opens a checkpoint's transformer, text encoder and autoencoder behind the interfaces of model.ts.
// The only module that knows both what a sampler asks for and how a network is fed.
import type { Component } from '../checkpoints/component.ts';
import type { LatentRgb, TextEncoderConfig, TransformerConfig, VaeConfig } from '../checkpoints/configs.ts';
import { vaeScale } from '../checkpoints/configs.ts';
import type { Checkpoint } from '../checkpoints/folder.ts';
import type { SessionOptions } from '../graph/session.ts';
import { clipTextEncoder, endPosition } from '../networks/clip.ts';
import { guidanceKindOf } from '../networks/configs.ts';
import { mmdit } from '../networks/mmdit.ts';
import { vaeDecode } from '../networks/vae.ts';
import { openTokenizer, type PromptTokenizer } from '../text/tokenizer.ts';
import type { Condition, ImageDecoder, LatentPreview, LatentShape, PipelineParts, TextEncoder, VelocityModel } from './model.ts';
import { Network, type Feed } from './networks.ts';

export interface Closable {
  close(): Promise<void>;
}

/** Rows of equal length, one below the other. */
function stacked(rows: readonly Float32Array[], shape: readonly number[]): Feed {
  const width = rows[0]!.length;
  const data = new Float32Array(rows.length * width);
  rows.forEach((row, i) => data.set(row, i * width));
  return { data, shape: [rows.length, ...shape] };
}

type TransformerInput = 'latents' | 'timestep' | 'tokens' | 'pooled' | 'guidance' | 'nullPooled';

/** A student's network takes the number it was trained with: γ, or w = γ − 1. */
export const embeddedNumber = (config: Pick<TransformerConfig, 'guidance_embedding'>, scale: number): number => (config.guidance_embedding === 'w' ? scale - 1 : scale);

/**
 * The transformer of a component folder. All branches of an evaluation go through the network as one batch.
 * Throws what Network.run throws.
 */
export function openTransformer(component: Component<TransformerConfig>, options: SessionOptions, latentShape?: LatentShape): VelocityModel & Closable {
  const { config } = component;
  const kind = guidanceKindOf(config);
  const network = new Network<TransformerInput>(component, (w, inputs) => ({ velocity: mmdit(config, w, inputs) }), options);
  const shape: LatentShape = latentShape ?? [config.in_channels, config.sample_size, config.sample_size];

  const feeds = (latents: Float32Array, sigma: number, conditions: readonly Condition[]): Partial<Record<TransformerInput, Feed>> => {
    const count = conditions.length;
    const tokens = conditions[0]!.embedding.tokenCount;
    const common = {
      latents: stacked(conditions.map(() => latents), shape),
      timestep: { data: new Float32Array(count).fill(1000 * sigma), shape: [count] },
      tokens: stacked(conditions.map(({ embedding }) => embedding.tokens), [tokens, config.joint_attention_dim]),
      pooled: stacked(conditions.map(({ embedding }) => embedding.pooled), [config.pooled_projection_dim]),
    };
    if (kind === null) return common;
    const guidance = conditions.map(({ guidance: given }) => {
      if (!given) throw new Error('A student was evaluated without a guidance scale.');
      return given;
    });
    return {
      ...common,
      guidance: { data: Float32Array.from(guidance, ({ scale }) => embeddedNumber(config, scale)), shape: [count] },
      ...(kind !== 'distillcfg' && { nullPooled: stacked(guidance.map(({ nullPooled }) => nullPooled), [config.pooled_projection_dim]) }),
    };
  };

  return {
    latentShape: shape,
    async velocity(latents, sigma, conditions) {
      const { velocity } = await network.run(feeds(latents, sigma, conditions) as Record<TransformerInput, Feed>);
      const length = latents.length;
      return conditions.map((_, i) => velocity!.slice(i * length, (i + 1) * length));
    },
    close: () => network.close(),
  };
}

/** SD3 reads the hidden states before the last layer, and the projected end token. */
export function openTextEncoder(component: Component<TextEncoderConfig>, tokenizer: PromptTokenizer, options: SessionOptions): TextEncoder & Closable {
  const { config } = component;
  const length = config.max_position_embeddings;
  const network = new Network<'ids' | 'end'>(component, (w, { ids, end }) => {
    const { penultimate, pooled } = clipTextEncoder(config, w, ids, end);
    return { tokens: penultimate, pooled };
  }, options);
  return {
    async encode(prompt) {
      const { ids } = tokenizer.encodePrompt(prompt, length);
      const { tokens, pooled } = await network.run({
        ids: { data: ids, shape: [1, length] },
        end: { data: Int32Array.of(endPosition([...ids], config.eos_token_id)), shape: [1] },
      });
      return { tokens: tokens!.slice(), tokenCount: length, pooled: pooled!.slice() };
    },
    close: () => network.close(),
  };
}

/** Planes of −1..1 to rows of bytes. */
function toRgb(planes: Float32Array, width: number, height: number): Uint8Array {
  const area = width * height;
  const rgb = new Uint8ClampedArray(area * 3);
  for (let i = 0; i < area; i++) for (let c = 0; c < 3; c++) rgb[i * 3 + c] = (planes[c * area + i]! + 1) * 127.5;
  return new Uint8Array(rgb.buffer);
}

export function openDecoder(component: Component<VaeConfig>, latentShape: LatentShape, options: SessionOptions): ImageDecoder & Closable {
  const { config } = component;
  const network = new Network<'latents'>(component, (w, { latents }) => ({ image: vaeDecode(config, w, latents) }), options);
  const [, rows, columns] = latentShape;
  const scale = vaeScale(config);
  return {
    async decode(latents) {
      const data = latents.map((x) => x / config.scaling_factor + config.shift_factor);
      const { image } = await network.run({ latents: { data, shape: [1, ...latentShape] } });
      const [width, height] = [columns * scale, rows * scale];
      return { width, height, rgb: toRgb(image!, width, height) };
    },
    close: () => network.close(),
  };
}

/** Without a fitted map the first three channels show at least where something is. */
const plainMap = (channels: number): LatentRgb => {
  const row = (c: number): number[] => Array.from({ length: channels }, (_, i) => (i === c ? 0.2 : 0));
  return { weight: [row(0), row(1 % channels), row(2 % channels)], bias: [0.5, 0.5, 0.5] };
};

export function linearPreview(map: LatentRgb | null, [channels, height, width]: LatentShape): LatentPreview {
  const { weight, bias } = map ?? plainMap(channels);
  const area = height * width;
  return {
    preview(latents) {
      const rgb = new Uint8ClampedArray(area * 3);
      for (let i = 0; i < area; i++) {
        for (let c = 0; c < 3; c++) {
          let sum = bias[c]!;
          for (let k = 0; k < channels; k++) sum += weight[c]![k]! * latents[k * area + i]!;
          rgb[i * 3 + c] = 255 * sum;
        }
      }
      return { width, height, rgb: new Uint8Array(rgb.buffer) };
    },
  };
}

export type OpenedParts = PipelineParts & Closable;

/** Everything a pipeline needs of one model. Networks are traced and loaded at their first use. */
export async function openPipelineParts(checkpoint: Checkpoint, options: SessionOptions = {}): Promise<OpenedParts> {
  const { transformer, textEncoder, vae, scheduler, latentRgb, distillation, kind } = checkpoint;
  const tokenizer = await openTokenizer(checkpoint.tokenizer);
  const velocityModel = openTransformer(transformer, options);
  const encoder = openTextEncoder(textEncoder, tokenizer, options);
  const decoder = openDecoder(vae, velocityModel.latentShape, options);
  return {
    velocityModel,
    textEncoder: encoder,
    decoder,
    preview: linearPreview(latentRgb, velocityModel.latentShape),
    shift: scheduler.config.shift,
    student: kind === 'teacher' ? null : {
      distilledFrom: distillation?.strategy ?? null,
      distilledSteps: distillation?.distilled_steps ?? null,
      guidanceRange: distillation?.guidance_range ?? null,
    },
    async close() {
      await velocityModel.close();
      await encoder.close();
      await decoder.close();
    },
  };
}
