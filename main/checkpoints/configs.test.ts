import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { Distillation, LatentRgb, ModelIndex, SchedulerConfig, TextEncoderConfig, TransformerConfig, VaeConfig, vaeScale } from './configs.ts';
import { readJson } from './json.ts';
import { distillation, textEncoderConfig, transformerConfig, vaeConfig } from './testing.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'configs-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read<S extends z.ZodType>(schema: S, content: unknown): Promise<z.output<S>> {
  const path = join(folder, 'config.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return readJson(path, schema);
}

describe('defaults', () => {
  it('of a transformer are those of a teacher and of the released students', async () => {
    const config = await read(TransformerConfig, { ...transformerConfig, qk_norm: undefined, out_channels: null });
    expect(config).toMatchObject({
      qk_norm: null, dual_attention_layers: [], out_channels: 4, txt_align_guidance: false, guidance: false,
      fusion_scale: 1 / 256, guidance_multiplier: 1000, guidance_embedding: 'scale',
    });
  });

  it('of VAE, text encoder and scheduler are those of the libraries that write them', async () => {
    const minimal = await read(VaeConfig, { _class_name: 'AutoencoderKL', norm_num_groups: 32 });
    expect(minimal).toMatchObject({ block_out_channels: [64], latent_channels: 4, scaling_factor: 0.18215, shift_factor: 0, use_quant_conv: true, mid_block_add_attention: true });
    expect((await read(VaeConfig, { ...vaeConfig, shift_factor: null })).shift_factor).toBe(0);
    expect(vaeScale(await read(VaeConfig, vaeConfig))).toBe(8);
    expect(await read(TextEncoderConfig, { ...textEncoderConfig, hidden_act: undefined, layer_norm_eps: undefined })).toMatchObject({ hidden_act: 'quick_gelu', layer_norm_eps: 1e-5 });
    expect(await read(SchedulerConfig, { _class_name: 'FlowMatchEulerDiscreteScheduler' })).toMatchObject({ shift: 1, num_train_timesteps: 1000 });
  });

  it('never replace a zero or false that was written', async () => {
    expect(await read(TransformerConfig, { ...transformerConfig, fusion_scale: 0 })).toMatchObject({ fusion_scale: 0 });
    expect(await read(VaeConfig, { ...vaeConfig, use_quant_conv: false, shift_factor: 0.5 })).toMatchObject({ use_quant_conv: false, shift_factor: 0.5 });
    expect(await read(TextEncoderConfig, { ...textEncoderConfig, pad_token_id: 0 })).toMatchObject({ pad_token_id: 0 });
  });
});

it('keeps keys of other tools', async () => {
  expect(await read(TransformerConfig, { ...transformerConfig, _diffusers_version: '0.33.1' })).toHaveProperty('_diffusers_version', '0.33.1');
  expect(await read(ModelIndex, { _class_name: 'StorybookPipeline', vae: ['diffusers', 'AutoencoderKL'] })).toHaveProperty('vae');
  expect(await read(Distillation, { ...distillation, learning_rate: 1e-4 })).toHaveProperty('learning_rate', 1e-4);
});

describe('a fault is named with file and key', () => {
  const rgb = { weight: [[1], [1], [1]], bias: [0, 0, 0] };
  it.each<[string, z.ZodType, unknown, string, RegExp]>([
    ['no JSON', TransformerConfig, '{"a":', 'corrupt-file', /is not valid JSON/],
    ['a list', TransformerConfig, [], 'corrupt-file', /expected object/],
    ['a text for a number', TransformerConfig, { ...transformerConfig, num_layers: '2' }, 'corrupt-file', /"num_layers": expected number/],
    ['a missing number', TransformerConfig, { ...transformerConfig, num_layers: undefined }, 'corrupt-file', /"num_layers": expected number, received undefined/],
    ['zero blocks', TransformerConfig, { ...transformerConfig, num_layers: 0 }, 'corrupt-file', /"num_layers"/],
    ['absurdly many blocks', TransformerConfig, { ...transformerConfig, num_layers: 1e9 }, 'corrupt-file', /"num_layers"/],
    ['an infinite scale', TransformerConfig, JSON.stringify({ ...transformerConfig, fusion_scale: 7 }).replace('7', '1e999'), 'corrupt-file', /"fusion_scale"/],
    ['heads that do not add up', TransformerConfig, { ...transformerConfig, num_attention_heads: 3 }, 'corrupt-file', /"caption_projection_dim": must be/],
    ['positions too few', TransformerConfig, { ...transformerConfig, sample_size: 64 }, 'corrupt-file', /"sample_size": must be/],
    ['a block that is not there', TransformerConfig, { ...transformerConfig, dual_attention_layers: [2] }, 'corrupt-file', /"dual_attention_layers": names/],
    ['two kinds of student at once', TransformerConfig, { ...transformerConfig, guidance: true, txt_align_guidance: true }, 'corrupt-file', /"guidance": cannot/],
    ['another norm', TransformerConfig, { ...transformerConfig, qk_norm: 'layer_norm' }, 'unsupported', /"qk_norm": expected/],
    ['another transformer', TransformerConfig, { _class_name: 'FluxTransformer2DModel' }, 'unsupported', /"_class_name": expected "SD3Transformer2DModel"\.$/],
    ['another text encoder', TextEncoderConfig, { architectures: ['T5EncoderModel'] }, 'unsupported', /"architectures.0"/],
    ['another activation', TextEncoderConfig, { ...textEncoderConfig, hidden_act: 'relu' }, 'unsupported', /"hidden_act"/],
    ['heads that do not divide', TextEncoderConfig, { ...textEncoderConfig, num_attention_heads: 5 }, 'corrupt-file', /"num_attention_heads": must divide/],
    ['blocks of another kind', VaeConfig, { ...vaeConfig, down_block_types: ['AttnDownEncoderBlock2D'] }, 'unsupported', /"down_block_types.0"/],
    ['blocks and widths that differ', VaeConfig, { ...vaeConfig, block_out_channels: [8] }, 'corrupt-file', /"block_out_channels": must have/],
    ['groups that do not divide', VaeConfig, { ...vaeConfig, norm_num_groups: 3 }, 'corrupt-file', /"norm_num_groups": must divide/],
    ['another schedule', SchedulerConfig, { _class_name: 'DDIMScheduler' }, 'unsupported', /"_class_name"/],
    ['a variant of the schedule', SchedulerConfig, { _class_name: 'FlowMatchEulerDiscreteScheduler', use_dynamic_shifting: true }, 'unsupported', /"use_dynamic_shifting"/],
    ['another pipeline', ModelIndex, { _class_name: 'FluxPipeline' }, 'unsupported', /"_class_name"/],
    ['a teacher outside the models folder', ModelIndex, { _class_name: 'StorybookPipeline', teacher: '../other' }, 'corrupt-file', /"teacher"/],
    ['a range backwards', Distillation, { ...distillation, guidance_range: [9, 1] }, 'corrupt-file', /"guidance_range": must be in order/],
    ['steps below one', Distillation, { ...distillation, distilled_steps: 0 }, 'corrupt-file', /"distilled_steps"/],
    ['an unknown strategy', Distillation, { ...distillation, strategy: 'magic' }, 'unsupported', /"strategy"/],
    ['two colours', LatentRgb, { ...rgb, weight: [[1], [1]] }, 'corrupt-file', /"weight/],
  ])('%s', async (_, schema, content, code, reason) => {
    const reading = read(schema, content);
    await expect(reading).rejects.toMatchObject({ name: 'StudioError', code });
    await expect(reading).rejects.toThrow(reason);
    await expect(reading).rejects.toThrow(join(folder, 'config.json'));
  });
});
