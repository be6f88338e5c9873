// What a student is told is what the sampler does: over the golden network, following the targets ends where the reference ends.
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { openComponent } from '../checkpoints/component.ts';
import { TransformerConfig } from '../checkpoints/configs.ts';
import { readTensors } from '../checkpoints/safetensors.ts';
import { openTransformer } from '../diffusion/components.ts';
import { classifierFree, guidedField } from '../diffusion/guidance.ts';
import { effectiveVelocity, planSampling, reflects, stepMap, type SamplingPlan } from '../diffusion/samplers.ts';
import { flowMatchSigmas } from '../diffusion/schedule.ts';
import { guided, Teacher, type TaughtStep } from './distillation-teacher.ts';
import type { Embeddings } from './distillation-text.ts';

const goldens = fileURLToPath(new URL('../../tests/fixtures/goldens', import.meta.url));
const component = await openComponent(`${goldens}/transformer-sd3`, TransformerConfig);
const options = { threads: 1 };
const values = await readTensors(`${goldens}/samplers/case0.safetensors`);
const golden = (name: string) => values.get(name)!.data as Float32Array;
const prompt: Embeddings = { tokens: golden('prompt_embeds'), pooled: golden('pooled') };
const empty: Embeddings = { tokens: golden('null_embeds'), pooled: golden('null_pooled') };
const teacher = new Teacher(component, empty, options);
const model = openTransformer(component, options);
const sigmas = flowMatchSigmas(6, 3);
const stepOf = (plan: SamplingPlan, i: number): TaughtStep => ({ from: sigmas[i]!, to: sigmas[i + 1]!, reflects: reflects(plan, sigmas, i) });

const plans: [string, SamplingPlan][] = [
  ['euler_cfg_g1', planSampling('euler', 1)],
  ['euler_cfg_g4.5', planSampling('euler', 4.5)],
  ['z_sampling_g3.5_inv0.5_lambda3', planSampling('z-sampling', 3.5, { inversionGuidance: 0.5, steps: 3, guard: false })],
  ['z_sampling_g5.5_inv0_lambda5', planSampling('z-sampling', 5.5, { inversionGuidance: 0, steps: 5, guard: false })],
  ['w2sd_strong5.5_weak1_base4_lambda5', { base: 4, reflection: { strong: 5.5, weak: 1, leadingSteps: 5, guard: false } }],
];

function relativeError(actual: Float32Array, reference: Float32Array): number {
  const largest = Math.max(...reference.map(Math.abs));
  return Math.max(...reference.map((value, i) => Math.abs(value - actual[i]!))) / largest;
}

const twice = (rows: Float32Array): Float32Array => Float32Array.from([...rows, ...rows]);

afterAll(async () => {
  await teacher.close();
  await model.close();
});

describe('targets', () => {
  it.each(plans)('lead from the noise to the reference\'s picture: %s', async (name, plan) => {
    let latents = golden('initial_latents');
    for (let i = 0; i < 6; i++) {
      const { velocity } = await teacher.effective(latents, stepOf(plan, i), prompt, [plan]);
      latents = latents.map((value, k) => value + (sigmas[i + 1]! - sigmas[i]!) * velocity[k]!);
    }
    expect(relativeError(latents, golden(name))).toBeLessThanOrEqual(1e-4);
  });

  it.each(plans)('are the velocity that the sampler\'s own step amounts to: %s', async (_, plan) => {
    const pair = { prompt: { ...prompt, tokenCount: values.get('prompt_embeds')!.shape[1]! }, negative: { ...empty, tokenCount: values.get('null_embeds')!.shape[1]! } };
    const at = (scale: number) => guidedField(model, classifierFree, pair, scale);
    const latents = golden('initial_latents');
    for (const i of [1, 4, 5]) {
      const expected = await effectiveVelocity(stepMap(plan, sigmas, i, { at, weakAt: at }), latents, sigmas[i]!, sigmas[i + 1]!);
      const { velocity, conditional } = await teacher.effective(latents, stepOf(plan, i), prompt, [plan]);
      expect(relativeError(velocity, expected)).toBeLessThanOrEqual(1e-4);
      expect(relativeError(conditional, await at(1)(latents, sigmas[i]!))).toBeLessThanOrEqual(1e-4);
    }
  });

  it('of rows with scales of their own do not mix', async () => {
    const [low, high] = [planSampling('z-sampling', 2), planSampling('z-sampling', 7)];
    const latents = golden('initial_latents');
    const { velocity: both } = await teacher.effective(twice(latents), stepOf(low, 1), { tokens: twice(prompt.tokens), pooled: twice(prompt.pooled) }, [low, high]);
    const alone = await Promise.all([low, high].map(async (plan) => (await teacher.effective(latents, stepOf(plan, 1), prompt, [plan])).velocity));
    expect(relativeError(both.subarray(0, latents.length), alone[0]!)).toBeLessThanOrEqual(1e-5);
    expect(relativeError(both.subarray(latents.length), alone[1]!)).toBeLessThanOrEqual(1e-5);
    expect(relativeError(alone[0]!, alone[1]!)).toBeGreaterThan(0.01);
  });

  it('of Euler are what the two branches combine to, at any scale', async () => {
    const latents = golden('initial_latents');
    const branches = await teacher.branches(latents, [sigmas[2]!], prompt);
    for (const scale of [0, 1, 4.5]) {
      const plan = planSampling('euler', scale);
      expect(relativeError(guided(branches, [scale]), (await teacher.effective(latents, stepOf(plan, 2), prompt, [plan])).velocity)).toBeLessThanOrEqual(1e-4);
    }
  });
});
