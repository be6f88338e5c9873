// How a guidance scale enters a network: as two branches that are combined (teachers) or as an input of one pass (students).
// Each strategy is pure: it names the branches to evaluate and combines what comes back. Knows no sampler and no schedule.
import type { Condition, PromptEmbedding, VelocityModel } from './model.ts';

/** What a picture is to show, and what it is to move away from: the embedding of the empty or the negative prompt (∅). */
export interface PromptPair {
  readonly prompt: PromptEmbedding;
  readonly negative: PromptEmbedding;
}

export interface GuidanceStrategy {
  /** How many branches one evaluation at this scale costs (NFE). */
  passes(scale: number): number;
  /** The branches that matter at this scale, `passes(scale)` of them. */
  branches(pair: PromptPair, scale: number): readonly Condition[];
  /** `velocities`: one per branch and in their order. @returns the guided velocity, of the same shape */
  combine(velocities: readonly Float32Array[], scale: number): Float32Array;
}

/**
 * v^γ = v_∅ + γ(v_c − v_∅) (Ho and Salimans, arXiv 2207.12598, in the form where γ = 1 is no guidance). At γ = 1 and γ = 0 one of
 * the branches has no weight and is not evaluated.
 */
export const classifierFree: GuidanceStrategy = {
  passes: (scale) => (scale === 0 || scale === 1 ? 1 : 2),
  branches({ prompt, negative }, scale) {
    if (scale === 1) return [{ embedding: prompt }];
    if (scale === 0) return [{ embedding: negative }];
    return [{ embedding: negative }, { embedding: prompt }];
  },
  combine(velocities, scale) {
    const [unconditional, conditional] = velocities as [Float32Array, Float32Array | undefined];
    if (conditional === undefined) return unconditional;
    const guided = new Float32Array(conditional.length);
    for (let i = 0; i < guided.length; i++) guided[i] = unconditional[i]! + scale * (conditional[i]! - unconditional[i]!);
    return guided;
  },
};

/** A distilled student: one pass whose timestep embedding carries the scale. Its text tokens stay those of the prompt. */
export const embedded: GuidanceStrategy = {
  passes: () => 1,
  branches: ({ prompt, negative }, scale) => [{ embedding: prompt, guidance: { scale, nullPooled: negative.pooled } }],
  combine: (velocities) => velocities[0]!,
};

/** A velocity at every point: `latents` is any batch of latents at one `sigma`; the result is new and of the same shape. */
export type VelocityField = (latents: Float32Array, sigma: number) => Promise<Float32Array>;

/** The velocity field that a model, a prompt and a guidance scale make. */
export function guidedField(model: VelocityModel, strategy: GuidanceStrategy, pair: PromptPair, scale: number): VelocityField {
  const branches = strategy.branches(pair, scale);
  return async (latents, sigma) => strategy.combine(await model.velocity(latents, sigma, branches), scale);
}
