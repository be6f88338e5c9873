// What a distillation is asked for, how it reports, and what it answers: one object, the same from a form, flags or a JSON file.
import { z } from 'zod';
import { GuidanceScale, ModelId, PromptText, Reflection, Sampler, Seed, Settings, Steps, StudentKind } from './schemas.ts';

/**
 * Where the points x_σ come from: noised pictures of the source, the teacher's own way from noise to picture, or the way of the student that
 * the new one goes on from, where its teacher corrects it.
 */
export const PointsFrom = z.enum(['noised', 'trajectories', 'student']);
export type PointsFrom = z.infer<typeof PointsFrom>;

/** The number a network takes for a guidance scale γ: γ itself, or w = γ − 1. */
export const GuidanceEmbedding = z.enum(['scale', 'w']);
export type GuidanceEmbedding = z.infer<typeof GuidanceEmbedding>;

export const Optimizer = z.enum(['adamw', 'muon']);
export type Optimizer = z.infer<typeof Optimizer>;

/** Low-rank adapters (LoRA, arXiv 2106.09685): instead of whole matrices W only pairs A, B learn, and W + (alpha/rank)·B·A takes W's place. */
export const Lora = z.strictObject({
  /** Numbers between A and B; at most the narrowest side of an adapted matrix, which only the teacher tells. */
  rank: z.int().min(1).max(4096),
  /** null: the rank, so that the factor is 1. */
  alpha: z.number().positive().max(1_000_000).nullable().default(null),
});
export type Lora = z.infer<typeof Lora>;

/** A key that is not listed is an error: a typing mistake must not silently mean the default. */
export const DistillRequest = z.strictObject({
  teacher: ModelId.default('storybook'),
  /** Of the new student. */
  name: ModelId.default('my-student'),
  /**
   * A student of the same teacher and kind to go on from: the new one begins with its weights and takes the scale as it does, whatever
   * multiplier, number and fusion scale are asked for. Points are new only with another seed or source. null: the teacher's weights.
   */
  initFrom: ModelId.nullable().default(null),
  /** How the student takes its guidance scale. */
  kind: StudentKind.default('teefusion'),
  /** The teacher's sampler; the student learns to do with one pass what a step of it does. */
  strategy: Sampler.default('euler'),
  /** Settings of a reflecting strategy; nothing for Euler. */
  reflection: Reflection.default({}),
  /**
   * N of the schedule whose steps a reflecting strategy teaches; the student is meant for this number. Also the steps of a trajectory;
   * a student of Euler is for any number all the same.
   */
  scheduleSteps: Steps.default(20),
  /** Scales γ the student is to know; drawn uniformly. */
  guidanceRange: z.tuple([GuidanceScale, GuidanceScale]).refine(([low, high]) => low <= high, 'the lower scale comes first').default([1, 9]),
  /** null: `w` for a linear student, which at w = 0 is its teacher's conditional branch; else `scale`. */
  guidanceEmbedding: GuidanceEmbedding.nullable().default(null),
  /** The number is multiplied by this before its sinusoid; 110 keeps 9 within the timesteps that the teacher knows. Nothing for a linear student. */
  guidanceMultiplier: z.number().positive().max(100_000).default(110),
  /** Factor of a TeEFusion student's fused term; null: chosen so that the term starts at a third of the text's own part. */
  fusionScale: z.number().positive().max(1_000_000).nullable().default(null),
  /** Training steps. */
  steps: z.int().min(1).max(1_000_000).default(400),
  /** Samples per training step. */
  batch: z.int().min(1).max(1024).default(64),
  /** Parts of a batch that go through the network one after the other, for one step: less memory, the same student to rounding. */
  accumulate: z.int().min(1).max(1024).default(1),
  /** Keeps only what enters each transformer block and computes its inside again for the gradients: less memory, a third more work, the same student to rounding. */
  recompute: z.boolean().default(false),
  /** Teaching points x_σ with the teacher's answer, computed once and used many times. */
  points: z.int().min(1).max(1_000_000).default(8192),
  pointsFrom: PointsFrom.default('noised'),
  /**
   * Of Euler's trajectories, teacher's or student's: how often a point teaches the scale that its trajectory was drawn with; otherwise a scale drawn anew.
   * Nothing elsewhere: a noised picture belongs to no scale, a reflecting strategy's answer to one only.
   */
  ownScaleShare: z.number().min(0).max(1).default(0.5),
  /** Prompts to learn from; they have no pictures. null: the Storybook world, captions and pictures. */
  prompts: z.array(PromptText).min(1).max(100_000).nullable().default(null),
  optimizer: Optimizer.default('adamw'),
  /** null: every weight of the transformer learns. Else adapters alone, beside what a student has that its teacher has not: far less memory. */
  lora: Lora.nullable().default(null),
  /** At the top of its schedule: a linear rise, a stretch at the top, a cosine down to a share of it. */
  learningRate: z.number().positive().max(1).default(5e-4),
  /** Steps of the rise; null: a tenth of all, 30 at most. */
  warmup: z.int().min(0).max(100_000).nullable().default(null),
  /** Share of the other steps at the top. */
  hold: z.number().min(0).max(1).default(0),
  /** Of the top rate, at the last step. */
  finalShare: z.number().min(0).max(1).default(0.05),
  /**
   * Errors grow with γ − 1: so far from γ = 1 a sample's squared error counts half, and beyond less by the square, 1/(1 + ((γ − 1)/knee)²);
   * 0: those of all scales count alike. The loss is that weighted mean.
   */
  lossKnee: z.number().min(0).max(100).default(0),
  /**
   * Counts the error at a noise level by the length of the sampler's step there, so that the loss is that of the whole way from noise to
   * picture; else all levels count alike, and most of a shifted schedule's are near σ = 1. Nothing for a reflecting strategy: its points lie
   * on the few levels of its own schedule, the last of which makes hardly a step.
   */
  weighSteps: z.boolean().default(false),
  /**
   * The part of an error that lies along the teacher's guidance, its answer less v_c, counts 1 + this many times. A student cannot foretell all of that
   * guidance, and least squares have it do less of it than it is asked for; this has it do more, at the price of larger errors beside it.
   * 0: least squares, METHOD's loss. A reflecting strategy's points keep v_c for it, half as much again on disk.
   */
  guidanceEmphasis: z.number().min(0).max(100).default(0),
  /** Decay of the running average of the weights, which becomes the student; 0: the last weights themselves. */
  averageDecay: z.number().min(0).max(0.99999).default(0.99),
  seed: Seed.default(1),
  /** Where both networks run. `auto` tries the providers in order, as for pictures; resumed elsewhere, a student goes on with other rounding. */
  device: Settings.shape.device.unwrap().default('cpu'),
  /** 0: one per core. */
  threads: z.int().min(0).max(256).default(0),
})
  .refine(({ prompts, pointsFrom }) => prompts === null || pointsFrom !== 'noised', {
    path: ['pointsFrom'], error: 'prompts without pictures can only be learned from with trajectories',
  })
  .refine(({ pointsFrom, initFrom }) => pointsFrom !== 'student' || initFrom !== null, {
    path: ['pointsFrom'], error: 'the way of a student needs a student to go on from',
  })
  .refine(({ kind, fusionScale }) => kind === 'teefusion' || fusionScale === null, {
    path: ['fusionScale'], error: 'only a TeEFusion student has a fused term',
  })
  .refine(({ batch, accumulate }) => batch % accumulate === 0, {
    path: ['accumulate'], error: 'the batch has to be a multiple of its parts',
  })
  .refine(({ lora, initFrom }) => lora === null || initFrom === null, {
    path: ['initFrom'], error: 'adapters begin with the teacher',
  })
  .refine(({ lora, optimizer }) => lora === null || optimizer !== 'muon', {
    path: ['optimizer'], error: 'Muon is for whole matrices; adapters learn with adamw',
  });
export type DistillRequest = z.infer<typeof DistillRequest>;

export const DistillProgress = z.object({
  /** `teaching`: the teacher answers at every teaching point; `learning`: the student trains. */
  phase: z.enum(['teaching', 'learning']),
  /** Points or training steps that are done. */
  step: z.int(),
  /** Of them in all. */
  steps: z.int(),
  /** Of the last training step: mean square of the velocity's error, weighed as the request says; with other weights it cannot be compared. */
  loss: z.number().nullable(),
  samplesPerSecond: z.number(),
  /** For this phase. */
  secondsLeft: z.number(),
});
export type DistillProgress = z.infer<typeof DistillProgress>;

/** What a finished distillation knows of its student. */
export const DistillOutcome = z.object({
  /** Of a TeEFusion student, null of others. */
  fusionScale: z.number().nullable(),
  /** Training samples seen, over all steps of this distillation; those of a student that it went on from not counted. */
  samples: z.int(),
  /** Mean over the last twentieth of the steps. */
  loss: z.number(),
});
export type DistillOutcome = z.infer<typeof DistillOutcome>;
