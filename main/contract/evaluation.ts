// What an evaluation is asked for, how it reports, and the report itself: the same from flags, a JSON file or the window.
import { z } from 'zod';
import { ErrorData } from './errors.ts';
import { GuidanceScale, Id, ModelId, PromptText, Reflection, Sampler, Seed, Steps, Warning } from './schemas.ts';

/** A prompt with the seed of its noise. What it states is read from its words where the Storybook world knows them. */
export const EvaluationPrompt = z.object({ prompt: PromptText, seed: Seed });
export type EvaluationPrompt = z.infer<typeof EvaluationPrompt>;

/** A key that is not listed is an error: a typing mistake must not silently mean the default. */
export const EvaluateRequest = z.strictObject({
  models: z.array(ModelId).min(1).max(12),
  guidance: z.array(GuidanceScale).min(1).max(16).default([1, 2, 3, 5, 7, 9]),
  /** Of the teachers; a student makes its plain single-pass steps. */
  samplers: z.array(Sampler).min(1).default(['euler']),
  reflection: Reflection.default({}),
  steps: Steps.default(20),
  /** `held-out`: the published list, one object and two in turn, of combinations that training never shows; `known`: its counterpart. */
  prompts: z.union([z.enum(['held-out', 'known']), z.array(EvaluationPrompt).min(1).max(20_000)]).default('held-out'),
  /** The first so many of the list. */
  count: z.int().min(1).max(20_000).default(64),
  /** Adds METHOD's controls: Euler+CFG at a reflection sampler's effective scale, and teachers at the student's number of passes. */
  controls: z.boolean().default(true),
  /** Whether copies of training pictures are looked for. Left out: yes. */
  copies: z.boolean().optional(),
  /** Of the bootstrap, which is seeded: the same pictures give the same intervals. */
  resamples: z.int().min(100).max(100_000).default(2000),
});
export type EvaluateRequest = z.infer<typeof EvaluateRequest>;

/** Estimate with its 95 % interval. */
export const Interval = z.object({ value: z.number(), low: z.number(), high: z.number() });
export type Interval = z.infer<typeof Interval>;

/** Share of the pictures in which something holds. */
export const Share = Interval.extend({ right: z.int(), asked: z.int() });
export type Share = z.infer<typeof Share>;

export const JudgedFact = z.enum(['background', 'count', 'kind', 'colour', 'size', 'place', 'relation']);
export type JudgedFact = z.infer<typeof JudgedFact>;

/** What the prompts of a group asked for and got; a fact that none of them states is left out. */
export const Adherence = z.object({ facts: z.partialRecord(JudgedFact, Share), all: Share });
export type Adherence = z.infer<typeof Adherence>;

/** Why a cell is there: asked for, or a control that METHOD demands beside it. */
export const CellPurpose = z.enum(['asked', 'effective-scale', 'equal-passes']);
export type CellPurpose = z.infer<typeof CellPurpose>;

/** Unique in a report and a legal folder name, such as `storybook-euler-g3-s20`. */
export const CellKey = z.string().max(200).regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/);

/** One way to make pictures: a model with its sampler, guidance and steps. */
export const EvaluationCell = z.object({
  key: CellKey,
  purpose: CellPurpose,
  model: ModelId,
  kind: z.enum(['teacher', 'student']),
  sampler: Sampler,
  guidance: z.number(),
  /** First-order equivalent CFG scale. */
  effectiveGuidance: z.number(),
  steps: z.int(),
});
export type EvaluationCell = z.infer<typeof EvaluationCell>;

/** What an evaluation draws, known before it starts. */
export const EvaluationPlan = z.object({
  cells: z.array(EvaluationCell.extend({ nfe: z.int() })),
  /** Prompts that each cell draws. */
  prompts: z.int(),
  /** Over all cells and prompts. */
  pictures: z.int(),
  passes: z.int(),
  /** By what pictures of these models took last on this device; null when one of them has not been drawn yet. */
  seconds: z.number().nullable(),
  /** Such as a student that is left out at a scale it was not trained with. */
  warnings: z.array(Warning),
});
export type EvaluationPlan = z.infer<typeof EvaluationPlan>;

export const CellResult = EvaluationCell.extend({
  nfe: z.int(),
  /** Pictures judged. */
  count: z.int(),
  /** null where no prompt is of this kind, or none can be read. */
  adherence: z.object({ one: Adherence.nullable(), two: Adherence.nullable(), all: Adherence.nullable() }),
  /** Fréchet distance to real renders of the same prompts in the evaluator's features; null below 32 pictures. */
  frechet: Interval.nullable(),
  /** Nearest training picture: how many are nearer to one than real renders of held-out scenes are (1 % of those). */
  memorised: Share.nullable(),
  /** Means over pictures, in [0, 1], beside those of real renders of the same prompts; the latter null for other worlds. */
  saturation: Interval,
  contrast: Interval,
  real: z.object({ saturation: z.number(), contrast: z.number() }).nullable(),
  /** Median milliseconds per picture, denoising and decoding together. */
  ms: Interval,
  /** Root mean square difference of the pixels (0 to 1) from the teacher at the same guidance and seeds; students only. */
  distanceToTeacher: Interval.nullable(),
  /** Mean score of each registered metric, by its id. */
  scores: z.record(z.string(), Interval),
});
export type CellResult = z.infer<typeof CellResult>;

/** Two cells over the same prompts and seeds; `b` minus `a`, by paired bootstrap. */
export const PairedDifference = z.object({
  a: z.string(),
  b: z.string(),
  /** Prompt and seed pairs. */
  pairs: z.int(),
  /** In the share of pictures with all facts right; one object, two objects and together. */
  all: Interval.nullable(),
  one: Interval.nullable(),
  two: Interval.nullable(),
  scores: z.record(z.string(), Interval),
  /** a's cost over b's: the median over the pairs, and of the medians. */
  timeRatio: z.number(),
  /** 95 % interval of `timeRatio`; reports of earlier versions lack it. */
  timeRange: z.object({ low: z.number(), high: z.number() }).optional(),
  nfeRatio: z.number(),
});
export type PairedDifference = z.infer<typeof PairedDifference>;

/** How a student's guidance scale acts, over the scales that it and its teacher were both drawn with. */
export const SliderReport = z.object({
  student: ModelId,
  teacher: ModelId,
  guidance: z.array(z.number()),
  /** Root mean square pixel difference of student(row) and teacher(column) over the same noise. */
  distances: z.array(z.array(z.number())),
  /** Whether every row is least on the diagonal. */
  diagonal: z.boolean(),
  /** Student's curve against the teacher's over the scales; correlation is null where a curve is flat. */
  adherence: z.object({ correlation: z.number().nullable(), meanGap: z.number() }).nullable(),
  saturation: z.object({ correlation: z.number().nullable(), meanGap: z.number() }),
});
export type SliderReport = z.infer<typeof SliderReport>;

/** How far the judge itself can be trusted; measured, and published beside every result. */
export const EvaluatorTrust = z.object({
  /** Facts read right on renders of held-out scenes. */
  renders: z.partialRecord(JudgedFact, Share),
  /** Blurred, noised and half-drawn renders in which it named an object wrongly. */
  corruptedMisread: Share,
  /** Agreement with labels made by eye of generated pictures. */
  labelled: Share.nullable(),
});
export type EvaluatorTrust = z.infer<typeof EvaluatorTrust>;

export const EvaluationReport = z.object({
  version: z.literal(1),
  id: Id,
  createdAt: z.iso.datetime(),
  request: EvaluateRequest,
  /** Content hash of every model, so that a report can be told from one of other weights. */
  models: z.array(z.object({ id: ModelId, hash: z.string() })),
  device: z.string(),
  threads: z.int(),
  runtime: z.string(),
  evaluator: EvaluatorTrust,
  /** Of the rule by which the facts were read; reports of earlier versions lack it. */
  evaluatorVersion: z.int().optional(),
  cells: z.array(CellResult),
  differences: z.array(PairedDifference),
  sliders: z.array(SliderReport),
  /** Registered metrics that gave a column. */
  metrics: z.array(z.object({ id: z.string(), name: z.string(), higherIsBetter: z.boolean() })),
  /** What a reader must know: cells left out, a metric dropped, fewer prompts than asked for. */
  warnings: z.array(Warning),
});
export type EvaluationReport = z.infer<typeof EvaluationReport>;

export const EvaluationState = z.enum(['queued', 'running', 'done', 'cancelled', 'failed', 'interrupted']);
export type EvaluationState = z.infer<typeof EvaluationState>;

export const EvaluationProgress = z.object({
  evaluation: Id,
  /** Pictures that are drawn and judged, of all. */
  done: z.int(),
  total: z.int(),
  /** What is being drawn; null while the report is put together. */
  cell: z.string().nullable(),
  /** Of the drawing; of the report's part at work once it is put together. */
  secondsLeft: z.number().nullable(),
});
export type EvaluationProgress = z.infer<typeof EvaluationProgress>;

/** One evaluation in the list. Those that stopped early go on where they were. */
export const EvaluationRecord = z.object({
  id: Id,
  state: EvaluationState,
  createdAt: z.iso.datetime(),
  request: EvaluateRequest,
  done: z.int(),
  total: z.int(),
  error: ErrorData.nullable(),
});
export type EvaluationRecord = z.infer<typeof EvaluationRecord>;

/** One judged picture, for looking at. */
export const EvaluatedPicture = z.object({
  cell: z.string(),
  /** Number in the list of prompts. */
  index: z.int(),
  prompt: z.string(),
  seed: z.int(),
  /** Whether each stated fact holds; null when the prompt cannot be read. */
  facts: z.partialRecord(JudgedFact, z.boolean()).nullable(),
  allCorrect: z.boolean().nullable(),
  /** What the evaluator saw, in a few words, such as "big red ball, left, on grass". */
  seen: z.string(),
  ms: z.number(),
});
export type EvaluatedPicture = z.infer<typeof EvaluatedPicture>;

/** Which pictures to look at. */
export const PictureQuery = z.object({
  evaluation: Id,
  /** Keys; left out: all cells. */
  cells: z.array(z.string()).optional(),
  /** Only prompts for which one of these cells got something wrong (`any`) or this fact wrong. */
  wrong: z.union([z.literal('any'), JudgedFact]).optional(),
  /** Prompts to pass over, and to answer with. */
  offset: z.int().min(0).default(0),
  limit: z.int().min(1).max(500).default(60),
});
export type PictureQuery = z.infer<typeof PictureQuery>;
