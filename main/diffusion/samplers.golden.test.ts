// The samplers against reference implementations, over a real network run by ONNX Runtime.
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { openComponent } from '../checkpoints/component.ts';
import { TransformerConfig } from '../checkpoints/configs.ts';
import { readTensors } from '../checkpoints/safetensors.ts';
import { openTransformer } from './components.ts';
import { classifierFree, embedded, guidedField, type GuidanceStrategy } from './guidance.ts';
import type { PromptEmbedding, VelocityModel } from './model.ts';
import { planSampling, stepMap, type SamplingPlan } from './samplers.ts';
import { flowMatchSigmas } from './schedule.ts';

const goldens = fileURLToPath(new URL('../../tests/fixtures/goldens', import.meta.url));
const component = await openComponent(`${goldens}/transformer-sd3`, TransformerConfig);
const options = { threads: 1 };
const teacher = openTransformer(component, options);
/** The student's goldens come from the same weights: TeEFusion adds no parameter. */
const student = openTransformer({ ...component, config: { ...component.config, txt_align_guidance: true } }, options);

const values = await readTensors(`${goldens}/samplers/case0.safetensors`);
const golden = (name: string) => values.get(name)!.data as Float32Array;
const embedding = (tokens: string, pooled: string): PromptEmbedding => ({
  tokens: golden(tokens), tokenCount: values.get(tokens)!.shape[1]!, pooled: golden(pooled),
});
const pair = { prompt: embedding('prompt_embeds', 'pooled'), negative: embedding('null_embeds', 'null_pooled') };
const sigmas = flowMatchSigmas(6, 3);

async function sample(model: VelocityModel, strategy: GuidanceStrategy, plan: SamplingPlan): Promise<Float32Array> {
  const at = (scale: number) => guidedField(model, strategy, pair, scale);
  let latents = golden('initial_latents');
  for (let i = 0; i < 6; i++) latents = await stepMap(plan, sigmas, i, { at, weakAt: at })(latents, sigmas[i]!, sigmas[i + 1]!);
  return latents;
}

function relativeError(latents: Float32Array, reference: Float32Array): number {
  const largest = Math.max(...reference.map(Math.abs));
  return Math.max(...reference.map((value, i) => Math.abs(value - latents[i]!))) / largest;
}

function agrees(name: string, latents: Float32Array): void {
  const error = relativeError(latents, golden(name));
  console.log(`golden ${name}: ${error.toExponential(1)}`);
  expect(error).toBeLessThanOrEqual(1e-4);
}

afterAll(async () => {
  await teacher.close();
  await student.close();
});

describe('samplers over a network', () => {
  it('walk the same schedule', () => {
    expect(sigmas).toEqual(golden('sigmas'));
  });

  it.each<[string, SamplingPlan]>([
    ['euler_cfg_g1', planSampling('euler', 1)],
    ['euler_cfg_g4.5', planSampling('euler', 4.5)],
    ['z_sampling_g3.5_inv0.5_lambda3', planSampling('z-sampling', 3.5, { inversionGuidance: 0.5, steps: 3, guard: false })],
    ['z_sampling_g5.5_inv0_lambda5', planSampling('z-sampling', 5.5, { inversionGuidance: 0, steps: 5, guard: false })],
    ['w2sd_strong5.5_weak1_base4_lambda5', { base: 4, reflection: { strong: 5.5, weak: 1, leadingSteps: 5, guard: false } }],
  ])('end where the reference ends: %s', async (name, plan) => {
    agrees(name, await sample(teacher, classifierFree, plan));
  });

  // The release feeds its number to the embedder as it is, which is what `guidance_embedding: "scale"` says.
  it.each([['teefusion_euler_w2', 2], ['teefusion_euler_w5', 5]] as const)('end where the reference ends: %s', async (name, scale) => {
    agrees(name, await sample(student, embedded, planSampling('euler', scale)));
  });
});
