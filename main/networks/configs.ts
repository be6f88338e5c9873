// What the networks must be told about themselves, with the checkpoints' own names.
// The schemas that read these from files are in checkpoints/configs.ts.
import type { StudentKind } from '../contract/schemas.ts';

export interface TransformerConfig {
  num_layers: number;
  num_attention_heads: number;
  attention_head_dim: number;
  patch_size: number;
  in_channels: number;
  out_channels: number;
  joint_attention_dim: number;
  pooled_projection_dim: number;
  /** Side of the stored position table, in patches. */
  pos_embed_max_size: number;
  qk_norm: 'rms_norm' | null;
  dual_attention_layers: readonly number[];
  /** A TeEFusion student. */
  txt_align_guidance: boolean;
  /** A DistillCFG student. */
  guidance: boolean;
  /** A student whose pooled text is moved along c − ∅ before it is embedded. */
  linear_guidance: boolean;
  fusion_scale: number;
  guidance_multiplier: number;
}

/** How a network takes its guidance scale; null for a teacher, which takes none. */
export function guidanceKindOf(config: Pick<TransformerConfig, 'txt_align_guidance' | 'guidance' | 'linear_guidance'>): StudentKind | null {
  if (config.txt_align_guidance) return 'teefusion';
  if (config.guidance) return 'distillcfg';
  return config.linear_guidance ? 'linear' : null;
}

export interface TextEncoderConfig {
  vocab_size: number;
  hidden_size: number;
  num_attention_heads: number;
  intermediate_size: number;
  num_hidden_layers: number;
  max_position_embeddings: number;
  projection_dim: number;
  hidden_act: 'quick_gelu' | 'gelu';
  layer_norm_eps: number;
}

export interface VaeConfig {
  in_channels: number;
  out_channels: number;
  latent_channels: number;
  block_out_channels: readonly number[];
  layers_per_block: number;
  norm_num_groups: number;
  use_quant_conv: boolean;
  use_post_quant_conv: boolean;
  mid_block_add_attention: boolean;
}
