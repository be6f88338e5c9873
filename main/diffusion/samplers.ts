// One step from a noise level to the next: plain Euler, and the reflection that Z-Sampling and W2SD share.
// A step is a pure map over velocity fields, so sampling and distillation targets use the same code; nothing here knows a network.
import type { Reflection, Sampler } from '../contract/schemas.ts';
import type { VelocityField } from './guidance.ts';

/** Φ(x_σ; σ → σ'): latents at noise level `from` to new latents at `to`. Elementwise, so any batch of latents at one level will do. */
export type StepMap = (latents: Float32Array, from: number, to: number) => Promise<Float32Array>;

/** x ← x + (σ' − σ)·v(x, σ). */
export function eulerStep(field: VelocityField): StepMap {
  return async (latents, from, to) => advance(latents, await field(latents, from), to - from);
}

/**
 * A reflection, then the base step: forth with `strong`, back with `weak` evaluated where `strong` arrived, forth with `base`.
 * To first order this is Euler at base + strong − weak. Z-Sampling (Bai et al. 2024) and W2SD (weak-to-strong
 * diffusion) differ only in the fields. Not for `to` = 0: there the way back divides by nothing and a flow model is not trained at σ = 0.
 */
export function reflectionStep(fields: { strong: VelocityField; weak: VelocityField; base: VelocityField }): StepMap {
  const forth = eulerStep(fields.strong);
  const back = eulerStep(fields.weak);
  const base = eulerStep(fields.base);
  return async (latents, from, to) => base(await back(await forth(latents, from, to), to, from), from, to);
}

/** u = (Φ(x_σ; σ→σ') − x_σ)/(σ' − σ): the velocity with which one Euler step would do what `step` does; a student's target. */
export async function effectiveVelocity(step: StepMap, latents: Float32Array, from: number, to: number): Promise<Float32Array> {
  const arrived = await step(latents, from, to);
  return arrived.map((value, i) => (value - latents[i]!) / (to - from));
}

/**
 * The image the trajectory points to after a step from `from` to `to`: x₀ ≈ x_σ' − σ'·u with u the step's effective velocity. What a
 * person wants to see while it runs, at no further evaluation.
 */
export function predictedImage(before: Float32Array, after: Float32Array, from: number, to: number): Float32Array {
  const image = new Float32Array(after.length);
  for (let i = 0; i < image.length; i++) image[i] = after[i]! - to * ((after[i]! - before[i]!) / (to - from));
  return image;
}

/** A sampler with its guidance scales settled. */
export interface SamplingPlan {
  /** Scale of the step that stays: all there is to Euler+CFG. */
  readonly base: number;
  /** null: Euler. */
  readonly reflection: ReflectionPlan | null;
}

export interface ReflectionPlan {
  readonly strong: number;
  readonly weak: number;
  /** λ: reflect on this many leading steps; the last step never reflects. */
  readonly leadingSteps: number;
  /** Reflect only while σᵢ₊₁ ≥ σᵢ/3: nearer the end the way back amplifies errors by about σᵢ/σᵢ₊₁. */
  readonly guard: boolean;
}

/** The way back of Z-Sampling and the weak side of W2SD, where a person has not chosen. */
const defaultInversionGuidance = 0.5;
const defaultWeakGuidance = 1;

/** Settles a person's choice: `guidance` is γ₁ of Z-Sampling and strong = base of W2SD. */
export function planSampling(sampler: Sampler, guidance: number, settings: Reflection = {}): SamplingPlan {
  if (sampler === 'euler') return { base: guidance, reflection: null };
  const weak =
    sampler === 'z-sampling' ? settings.inversionGuidance ?? defaultInversionGuidance : settings.weakGuidance ?? defaultWeakGuidance;
  const leadingSteps = settings.steps ?? Number.POSITIVE_INFINITY;
  return { base: guidance, reflection: { strong: guidance, weak, leadingSteps, guard: settings.guard ?? true } };
}

/** The CFG scale that the plan's reflecting steps equal to first order: base + strong − weak. */
export function effectiveGuidance({ base, reflection }: SamplingPlan): number {
  return reflection === null ? base : base + reflection.strong - reflection.weak;
}

/** Whether step `index` of the schedule reflects. `sigmas`: as flowMatchSigmas gives them. */
export function reflects({ reflection }: SamplingPlan, sigmas: Float32Array, index: number): boolean {
  if (reflection === null || index >= reflection.leadingSteps || index >= sigmas.length - 2) return false;
  return !reflection.guard || sigmas[index + 1]! >= sigmas[index]! / 3;
}

/** Makes the velocity field of a scale; `weak` is another model's where a weak checkpoint is used. */
export interface GuidedFields {
  at(scale: number): VelocityField;
  weakAt(scale: number): VelocityField;
}

/** Φ of step `index`. */
export function stepMap(plan: SamplingPlan, sigmas: Float32Array, index: number, fields: GuidedFields): StepMap {
  const base = fields.at(plan.base);
  if (plan.reflection === null || !reflects(plan, sigmas, index)) return eulerStep(base);
  return reflectionStep({ strong: fields.at(plan.reflection.strong), weak: fields.weakAt(plan.reflection.weak), base });
}

/** The scales one step evaluates, in order: what its cost is counted from. */
export function scalesOfStep(plan: SamplingPlan, sigmas: Float32Array, index: number): readonly number[] {
  if (plan.reflection === null || !reflects(plan, sigmas, index)) return [plan.base];
  return [plan.reflection.strong, plan.reflection.weak, plan.base];
}

/** A plain loop, as wherever each number of each step is touched: a typed array's `map` takes several times as long. */
function advance(latents: Float32Array, velocity: Float32Array, difference: number): Float32Array {
  const arrived = new Float32Array(latents.length);
  for (let i = 0; i < arrived.length; i++) arrived[i] = latents[i]! + difference * velocity[i]!;
  return arrived;
}
