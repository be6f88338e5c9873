// The Storybook model's shape: what its networks are made of, and how its folder is written.
import path from 'node:path';
import { mkdir, copyFile } from 'node:fs/promises';
import { writeJson } from '../../main/checkpoints/json.ts';
import { writeCheckpointComponent } from '../../main/checkpoints/component.ts';
import { TextEncoderConfig, TransformerConfig } from '../../main/checkpoints/configs.ts';
import { words } from '../../main/storybook/vocabulary.ts';
import { wordTokenizerJson } from '../../main/text/words.ts';
import { PromptTokenizer } from '../../main/text/tokenizer.ts';
import { writtenConfig } from '../../main/training/distillation-student.ts';
import { prefixes } from '../../main/training/objectives.ts';
import type { Parameters } from '../../main/training/parameters.ts';

const width = 160;
export const maxTokens = 24;

export const tokenizerFile = wordTokenizerJson(words());
export const tokenizer = new PromptTokenizer(tokenizerFile, 'tokenizer.json');

export const transformerConfig = TransformerConfig.parse({
  _class_name: 'SD3Transformer2DModel', sample_size: 16, patch_size: 2, in_channels: 16, out_channels: 16,
  num_layers: 7, attention_head_dim: 32, num_attention_heads: width / 32, joint_attention_dim: width, caption_projection_dim: width,
  pooled_projection_dim: width, pos_embed_max_size: 16, qk_norm: 'rms_norm',
});

export const textEncoderConfig = TextEncoderConfig.parse({
  architectures: ['CLIPTextModelWithProjection'], vocab_size: tokenizer.vocabularySize, hidden_size: width, num_attention_heads: width / 32,
  intermediate_size: 4 * width, num_hidden_layers: 3, max_position_embeddings: maxTokens, projection_dim: width, hidden_act: 'quick_gelu',
  bos_token_id: tokenizer.bosId, eos_token_id: tokenizer.eosId, pad_token_id: tokenizer.padId, layer_norm_eps: 1e-5,
});

export const shift = 3;

/** A whole teacher: transformer and text encoder from `weights`, the autoencoder copied from `vae` unless it is there already. */
export async function writeTeacher(dir: string, parameters: Parameters, weights: Float32Array, vae: string): Promise<void> {
  await writeCheckpointComponent(path.join(dir, 'transformer'), writtenConfig(transformerConfig), parameters.export(weights, prefixes.transformer, 'F16'));
  await writeCheckpointComponent(path.join(dir, 'text_encoder'), textEncoderConfig, parameters.export(weights, prefixes.textEncoder, 'F16'));
  await mkdir(path.join(dir, 'tokenizer'), { recursive: true });
  await writeJson(path.join(dir, 'tokenizer/tokenizer.json'), tokenizerFile);
  await mkdir(path.join(dir, 'scheduler'), { recursive: true });
  await writeJson(path.join(dir, 'scheduler/scheduler_config.json'), { _class_name: 'FlowMatchEulerDiscreteScheduler', num_train_timesteps: 1000, shift });
  if (path.resolve(vae) !== path.resolve(dir, 'vae')) {
    await mkdir(path.join(dir, 'vae'), { recursive: true });
    for (const name of ['config.json', 'diffusion_pytorch_model.safetensors', 'latent_rgb.json']) await copyFile(path.join(vae, name), path.join(dir, 'vae', name));
  }
  await writeJson(path.join(dir, 'model_index.json'), {
    _class_name: 'StorybookPipeline',
    transformer: ['diffusers', 'SD3Transformer2DModel'], text_encoder: ['transformers', 'CLIPTextModelWithProjection'],
    tokenizer: ['transformers', 'PreTrainedTokenizerFast'], vae: ['diffusers', 'AutoencoderKL'], scheduler: ['diffusers', 'FlowMatchEulerDiscreteScheduler'],
  });
}
