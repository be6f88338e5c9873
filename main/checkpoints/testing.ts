// Writes small model folders for tests: whole in form, with weights of zeros and too few of them to compute with.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeCheckpointComponent } from './component.ts';
import { writeJson } from './json.ts';

export const transformerConfig = {
  _class_name: 'SD3Transformer2DModel',
  sample_size: 8, patch_size: 2, in_channels: 4, num_layers: 2, attention_head_dim: 8, num_attention_heads: 2, joint_attention_dim: 24,
  caption_projection_dim: 16, pooled_projection_dim: 32, out_channels: 4, pos_embed_max_size: 12, qk_norm: 'rms_norm',
};
export const textEncoderConfig = {
  architectures: ['CLIPTextModelWithProjection'],
  vocab_size: 10, hidden_size: 24, num_attention_heads: 3, intermediate_size: 32, num_hidden_layers: 1, max_position_embeddings: 16,
  projection_dim: 32, hidden_act: 'gelu', bos_token_id: 8, eos_token_id: 9, pad_token_id: 0,
};
export const vaeConfig = {
  _class_name: 'AutoencoderKL', latent_channels: 4, block_out_channels: [8, 8, 16, 16], norm_num_groups: 4,
  down_block_types: Array(4).fill('DownEncoderBlock2D') as string[], up_block_types: Array(4).fill('UpDecoderBlock2D') as string[],
  scaling_factor: 1.5,
};
export const distillation = {
  teacher: 'tiny', teacher_hash: '0'.repeat(64), strategy: 'z-sampling', strategy_parameters: { inversionGuidance: 0.5 },
  guidance_range: [1, 9], distilled_steps: 20, points: 'noised-images', samples: 1000,
};

const weights = (value: number, dtype: 'F16' | 'F32' = 'F16') => [{ name: 'weight', dtype, shape: [3], data: Float32Array.of(value, 0, 0) }];

/** A complete teacher in `<models>/<id>`; returns its folder. */
export async function writeTeacher(models: string, id: string): Promise<string> {
  const dir = join(models, id);
  await writeCheckpointComponent(join(dir, 'transformer'), transformerConfig, weights(1));
  await writeCheckpointComponent(join(dir, 'text_encoder'), textEncoderConfig, weights(2));
  await writeCheckpointComponent(join(dir, 'vae'), vaeConfig, weights(3, 'F32'));
  await mkdir(join(dir, 'scheduler'));
  await writeJson(join(dir, 'scheduler', 'scheduler_config.json'), { _class_name: 'FlowMatchEulerDiscreteScheduler', shift: 3 });
  await mkdir(join(dir, 'tokenizer'));
  await writeJson(join(dir, 'tokenizer', 'tokenizer.json'), {});
  await writeFile(join(dir, 'README.md'), '---\nlicense: apache-2.0\n---\n\n# Tiny\n\nA test.\n');
  await writeJson(join(dir, 'model_index.json'), { _class_name: 'StorybookPipeline' });
  return dir;
}

/** A student of `teacher` in `<models>/<id>`; returns its folder. */
export async function writeStudent(models: string, id: string, teacher: string, changes: { config?: object; distillation?: object } = {}): Promise<string> {
  const dir = join(models, id);
  await writeCheckpointComponent(join(dir, 'transformer'), { ...transformerConfig, txt_align_guidance: true, ...changes.config }, weights(4));
  await writeJson(join(dir, 'distillation.json'), { ...distillation, teacher, ...changes.distillation });
  await writeJson(join(dir, 'model_index.json'), { _class_name: 'StorybookPipeline', teacher });
  return dir;
}
