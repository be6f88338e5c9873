// What the configuration files of a checkpoint may say, as zod schemas with the names and defaults of diffusers and transformers.
// Keys not listed here are kept: they belong to other tools. Knows nothing of files.
import { z } from 'zod';
import { ModelId, Sampler } from '../contract/schemas.ts';

/** Bounded, so that a damaged number is an error here and not an attempt to build a network of that size. */
const size = z.int().min(1).max(1_000_000);
const layers = z.int().min(1).max(1000);
const tokenId = z.int().min(0);

/** `transformer/config.json`: SD3's MMDiT and the students made from it. */
export const TransformerConfig = z
  .looseObject({
    _class_name: z.enum(['SD3Transformer2DModel']),
    /** Latent rows and columns. */
    sample_size: size,
    patch_size: size,
    in_channels: size,
    num_layers: layers,
    attention_head_dim: size,
    num_attention_heads: size,
    joint_attention_dim: size,
    caption_projection_dim: size,
    pooled_projection_dim: size,
    out_channels: size.nullish(),
    /** Rows and columns, in patches, of the stored position table. */
    pos_embed_max_size: size,
    qk_norm: z.enum(['rms_norm']).nullish().transform((kind) => kind ?? null),
    /** Indices of the blocks with a second, image-only attention. */
    dual_attention_layers: z.array(z.int().min(0)).default([]),
    /** A TeEFusion student. */
    txt_align_guidance: z.boolean().default(false),
    /** A DistillCFG student. */
    guidance: z.boolean().default(false),
    /** A student of the raw linear fusion: it embeds c + w(c − ∅). */
    linear_guidance: z.boolean().default(false),
    /** Factor of the fused guidance term; the released weights use 1/256. */
    fusion_scale: z.number().default(1 / 256),
    /** The guidance number is multiplied by this before its sinusoidal projection. */
    guidance_multiplier: z.number().positive().default(1000),
    /** What number the student was trained with: the scale γ, or w = γ − 1. */
    guidance_embedding: z.enum(['scale', 'w']).default('scale'),
  })
  .refine((c) => c.caption_projection_dim === c.num_attention_heads * c.attention_head_dim, {
    path: ['caption_projection_dim'], error: 'must be num_attention_heads × attention_head_dim',
  })
  .refine((c) => c.sample_size % c.patch_size === 0 && c.sample_size / c.patch_size <= c.pos_embed_max_size, {
    path: ['sample_size'], error: 'must be a multiple of patch_size, of at most pos_embed_max_size patches',
  })
  .refine((c) => c.dual_attention_layers.every((layer) => layer < c.num_layers), {
    path: ['dual_attention_layers'], error: 'names a block that does not exist',
  })
  .refine((c) => !(c.txt_align_guidance && c.guidance), {
    path: ['guidance'], error: 'cannot be set together with txt_align_guidance',
  })
  .refine((c) => !(c.linear_guidance && (c.txt_align_guidance || c.guidance)), {
    path: ['linear_guidance'], error: 'cannot be set together with txt_align_guidance or guidance',
  })
  .transform((c) => ({ ...c, out_channels: c.out_channels ?? c.in_channels }));
export type TransformerConfig = z.output<typeof TransformerConfig>;

/** `text_encoder/config.json` of a CLIP text encoder with projection. */
export const TextEncoderConfig = z
  .looseObject({
    architectures: z.tuple([z.enum(['CLIPTextModelWithProjection'])]),
    vocab_size: size,
    hidden_size: size,
    num_attention_heads: size,
    intermediate_size: size,
    num_hidden_layers: layers,
    max_position_embeddings: size,
    projection_dim: size,
    hidden_act: z.enum(['quick_gelu', 'gelu']).default('quick_gelu'),
    bos_token_id: tokenId.default(49406),
    /** The pooled vector is taken at the first such token; 2 means: at the largest id. */
    eos_token_id: tokenId.default(49407),
    pad_token_id: tokenId.default(1),
    layer_norm_eps: z.number().positive().default(1e-5),
  })
  .refine((c) => c.hidden_size % c.num_attention_heads === 0, {
    path: ['num_attention_heads'], error: 'must divide hidden_size',
  });
export type TextEncoderConfig = z.output<typeof TextEncoderConfig>;

/** `vae/config.json`. */
export const VaeConfig = z
  .looseObject({
    _class_name: z.enum(['AutoencoderKL']),
    in_channels: z.literal(3).default(3),
    out_channels: z.literal(3).default(3),
    down_block_types: z.array(z.enum(['DownEncoderBlock2D'])).min(1).default(['DownEncoderBlock2D']),
    up_block_types: z.array(z.enum(['UpDecoderBlock2D'])).min(1).default(['UpDecoderBlock2D']),
    block_out_channels: z.array(size).min(1).max(8).default([64]),
    layers_per_block: layers.default(1),
    act_fn: z.enum(['silu']).default('silu'),
    latent_channels: size.default(4),
    norm_num_groups: size.default(32),
    /** Rows and columns of the pictures it was trained on. */
    sample_size: size.default(32),
    scaling_factor: z.number().positive().default(0.18215),
    shift_factor: z.number().nullish().transform((shift) => shift ?? 0),
    use_quant_conv: z.boolean().default(true),
    use_post_quant_conv: z.boolean().default(true),
    mid_block_add_attention: z.boolean().default(true),
  })
  .refine((c) => c.down_block_types.length === c.block_out_channels.length && c.up_block_types.length === c.block_out_channels.length, {
    path: ['block_out_channels'], error: 'must have one entry for each of down_block_types and up_block_types',
  })
  .refine((c) => c.block_out_channels.every((channels) => channels % c.norm_num_groups === 0), {
    path: ['norm_num_groups'], error: 'must divide all of block_out_channels',
  });
export type VaeConfig = z.output<typeof VaeConfig>;

/** Picture pixels along one latent pixel's side: every block but the last halves the picture. */
export function vaeScale(config: VaeConfig): number {
  return 2 ** (config.block_out_channels.length - 1);
}

const switchedOff = z.literal([false, null]).optional();

/** `scheduler/scheduler_config.json`: the plain flow-match Euler schedule. */
export const SchedulerConfig = z.looseObject({
  _class_name: z.enum(['FlowMatchEulerDiscreteScheduler']),
  num_train_timesteps: z.int().min(1).default(1000),
  shift: z.number().positive().default(1),
  // Variants that would give other sigmas are refused rather than ignored.
  use_dynamic_shifting: switchedOff,
  use_karras_sigmas: switchedOff,
  use_exponential_sigmas: switchedOff,
  use_beta_sigmas: switchedOff,
  invert_sigmas: switchedOff,
  stochastic_sampling: switchedOff,
  shift_terminal: z.null().optional(),
});
export type SchedulerConfig = z.output<typeof SchedulerConfig>;

/** `model_index.json`. A student names its teacher, whose folder holds all but the transformer. */
export const ModelIndex = z.looseObject({
  _class_name: z.enum(['StorybookPipeline']),
  teacher: ModelId.optional(),
});
export type ModelIndex = z.output<typeof ModelIndex>;

/** `distillation.json` of a student: what it was taught, from what, and how. */
export const Distillation = z.looseObject({
  teacher: ModelId,
  /** `hashCheckpoint` of the teacher it learned from. */
  teacher_hash: z.string(),
  strategy: Sampler,
  /** The sampler's own numbers, as METHOD names them. */
  strategy_parameters: z.record(z.string(), z.union([z.number(), z.boolean(), z.string(), z.null()])).default({}),
  guidance_range: z.tuple([z.number().min(0), z.number().min(0)]).refine(([low, high]) => low <= high, 'must be in order'),
  /** Steps of the schedule on which the targets were computed; null when they do not depend on it. */
  distilled_steps: z.int().min(1).nullable().default(null),
  /** Where the points x_σ came from. */
  points: z.enum(['noised-images', 'trajectories', 'student-trajectories']),
  /** Training samples seen, those of the student that it went on from included. */
  samples: z.int().min(0),
  /** The student that it went on from, and what that one's file said. */
  init_from: z.looseObject({ student: z.string(), hash: z.string(), samples: z.int().min(0) }).optional(),
});
export type Distillation = z.output<typeof Distillation>;

/** `vae/latent_rgb.json`: red, green and blue in [0, 1] as linear functions of the latent channels, for previews. */
export const LatentRgb = z.object({
  weight: z.tuple([z.array(z.number()), z.array(z.number()), z.array(z.number())]),
  bias: z.tuple([z.number(), z.number(), z.number()]),
});
export type LatentRgb = z.output<typeof LatentRgb>;
