// What the networks must be told about themselves, with the checkpoints' own names.
// The schemas that read these from files are in checkpoints/configs.ts.

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
  fusion_scale: number;
  guidance_multiplier: number;
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
