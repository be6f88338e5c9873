// Distillation jobs: what one is asked for, how it reports, what is kept of it. The same from the window's form, flags or a JSON file.
// A job is a DistillRequest with a source of prompts, the habits of a long run (validation, samples, checkpoints) and a life in a queue.
import { z } from 'zod';
import { DistillProgress, DistillRequest } from './distillation.ts';
import { ErrorData } from './errors.ts';
import { Interval, Share } from './evaluation.ts';
import { GuidanceScale, Id, ModelId, PromptText, Seed, Settings, Steps, Warning } from './schemas.ts';

/** Absolute; the host reads it only where a person allowed it: picked in its dialog, `serve --allow`, or named on the command line. */
const HostPath = z.string().min(1).max(4096);

/** Where prompts come from. `storybook` and `folder` have pictures too; the others have none and need points of trajectories, teacher's or student's. */
export const JobSource = z.discriminatedUnion('kind', [
  /** The embedded world: unlimited captions and pictures, drawn by code. */
  z.strictObject({ kind: z.literal('storybook') }),
  /** Prompts of the library's past runs, each once, newest first. `search`: as in `runs.list`; empty: all. */
  z.strictObject({ kind: z.literal('library'), search: z.string().max(500).default('') }),
  /** Pictures (PNG, JPEG, WebP) with a `.txt` of the same name each, or a `metadata.jsonl` with `file_name` and `text`. */
  z.strictObject({ kind: z.literal('folder'), path: HostPath }),
  /** A text file, one prompt a line; empty lines are passed over. */
  z.strictObject({ kind: z.literal('file'), path: HostPath }),
  z.strictObject({ kind: z.literal('list'), prompts: z.array(PromptText.min(1)).min(1).max(100_000) }),
]);
export type JobSource = z.infer<typeof JobSource>;

export const sourceHasPictures = ({ kind }: JobSource): boolean => kind === 'storybook' || kind === 'folder';

/** A picture that is drawn again and again while the student learns, and once by the teacher. */
export const SampleSubject = z.strictObject({ prompt: PromptText, seed: Seed.default(7), guidance: GuidanceScale.default(5) });
export type SampleSubject = z.infer<typeof SampleSubject>;

/**
 * What the finished student is measured by: it and its own teacher draw the same prompts with the same seeds, at equal steps, with METHOD's
 * controls beside them; an ordinary evaluation of the library, that the Evaluation view shows.
 */
export const JobEvaluation = z.strictObject({
  /** Prompts that every model draws at every scale. */
  count: z.int().min(1).max(2000).default(64),
  /** Scales within the guidance range. null: of 3, 5 and 7 those that lie in it, else its middle. */
  guidance: z.array(GuidanceScale).min(1).max(8).nullable().default(null),
  /** null: `scheduleSteps`. */
  steps: Steps.nullable().default(null),
});
export type JobEvaluation = z.infer<typeof JobEvaluation>;

const { prompts: _prompts, ...requestShape } = DistillRequest.shape;

/** A key that is not listed is an error: a typing mistake must not silently mean the default. */
export const JobConfig = z
  .strictObject({
    /** All of DistillRequest but its list of prompts: teacher, name, kind, strategy, guidance range, steps, batch, points, rate, seed, … */
    ...requestShape,
    source: JobSource.default({ kind: 'storybook' }),
    /** Steps between two measurements of the validation loss, at fixed points, noise levels and scales that are never trained on; 0: none. */
    validateEvery: z.int().min(0).max(1_000_000).default(20),
    /** Steps between two rounds of sample pictures; 0: none. */
    sampleEvery: z.int().min(0).max(1_000_000).default(100),
    /** null: four prompts of the source, in the middle of the guidance range. */
    samples: z.array(SampleSubject).min(1).max(12).nullable().default(null),
    /** Steps between two checkpoints; the last two are kept. */
    checkpointEvery: z.int().min(1).max(1_000_000).default(50),
    /** Lets other work go first, by the lowest priority. What is learned does not depend on it. */
    gentle: z.boolean().default(true),
    /** Measures the student once it is finished; null: not. */
    evaluate: JobEvaluation.nullable().default(null),
  })
  .superRefine((config, context) => {
    const [low, high] = config.guidanceRange;
    const strange = config.evaluate?.guidance?.findIndex((scale) => scale < low || scale > high) ?? -1;
    if (strange >= 0) context.addIssue({ code: 'custom', path: ['evaluate', 'guidance'], message: `the student learns scales from ${low} to ${high} only` });
    // The rules between fields are DistillRequest's own.
    const checked = DistillRequest.safeParse(distillRequestOf(config, sourceHasPictures(config.source) ? null : ['any']));
    for (const { path, message } of checked.error?.issues ?? []) context.addIssue({ code: 'custom', path, message });
  });
export type JobConfig = z.output<typeof JobConfig>;
export type JobConfigInput = z.input<typeof JobConfig>;

/** What training is asked for. `prompts`: those of a source without pictures, null for one with. */
export function distillRequestOf(config: JobConfig, prompts: readonly string[] | null): DistillRequest {
  const {
    source: _source, validateEvery: _validate, sampleEvery: _sample, samples: _samples, checkpointEvery: _checkpoint, gentle: _gentle, evaluate: _evaluate, ...request
  } = config;
  return { ...request, prompts: prompts === null ? null : [...prompts] };
}

/** Scales that a job's evaluation draws with. */
export function evaluatedScales({ evaluate, guidanceRange: [low, high] }: Pick<JobConfig, 'evaluate' | 'guidanceRange'>): number[] {
  if (evaluate === null) return [];
  const usual = [3, 5, 7].filter((scale) => scale >= low && scale <= high);
  return evaluate.guidance ?? (usual.length > 0 ? usual : [Number(((low + high) / 2).toPrecision(3))]);
}

/** What has taught the embedded students best (docs/decisions/distillation.md). */
const presetTeaching = { pointsFrom: 'trajectories', optimizer: 'muon', learningRate: 1e-3, lossKnee: 2, weighSteps: true } as const satisfies Partial<JobConfigInput>;

/** Starting points for the form. Times are for two cores (docs/results.md); `jobs.estimate` measures them on this machine. */
export const jobPresets = [
  /** Five minutes on two cores of a Xeon. */
  { id: 'quick', config: { ...presetTeaching, steps: 300, batch: 64, points: 4096, validateEvery: 25, sampleEvery: 75, checkpointEvery: 50 } },
  /** Five hours there, reckoned from the quick one's pace. */
  { id: 'overnight', config: { ...presetTeaching, steps: 20_000, batch: 64, points: 131_072, validateEvery: 100, sampleEvery: 1000, checkpointEvery: 200 } },
] as const satisfies readonly { id: string; config: Partial<JobConfigInput> }[];

/**
 * queued: waits for its turn. estimating: measures a few steps to see whether it fits. running: teaches, learns, evaluates. paused: a person's
 * wish, or a full disk (`reason` says so). done: the student is a model. cancelled: stopped for good by a person; checkpoint kept.
 * failed: `reason` says why and what to do. interrupted: its process or the machine died; goes on from its last checkpoint.
 */
export const JobState = z.enum(['queued', 'estimating', 'running', 'paused', 'done', 'cancelled', 'failed', 'interrupted']);
export type JobState = z.infer<typeof JobState>;

/** May `jobs.resume` be asked for? Goes on from the last checkpoint, with the losses it would have had. */
export const isResumable = (state: JobState): boolean => state === 'paused' || state === 'interrupted' || state === 'failed' || state === 'cancelled';

/** Cost, from a few measured steps. */
export const JobEstimate = z.object({
  /** Of the whole job, samples, validation and the evaluation at its end included. */
  seconds: z.number(),
  /** Of these, what the evaluation takes. */
  evaluationSeconds: z.number().default(0),
  /** Per teaching point, per training step, per sample picture; measured. */
  secondsPerPoint: z.number(),
  secondsPerStep: z.number(),
  secondsPerSample: z.number(),
  /** Training steps that were measured. */
  measuredSteps: z.int(),
  /** At most at one time; of the training process. */
  memoryBytes: z.int(),
  /** Teaching points, checkpoints, samples and the student. */
  diskBytes: z.int(),
  /** What this machine has of them now. */
  freeMemoryBytes: z.int(),
  freeDiskBytes: z.int(),
  /** Why it cannot run here, with the numbers; null when it fits. `jobs.start` refuses with the same. */
  refusal: ErrorData.nullable(),
});
export type JobEstimate = z.infer<typeof JobEstimate>;

/** `evaluating`: the finished student and its teacher are measured; `step` and `steps` count pictures. */
export const JobProgress = DistillProgress.extend({ phase: z.enum([...DistillProgress.shape.phase.options, 'evaluating']) });
export type JobProgress = z.infer<typeof JobProgress>;

/** A student beside its own teacher: at equal steps, one scale, the same prompts and seeds. */
export const EvaluationRow = z.object({
  guidance: z.number(),
  /** Share of the pictures in which all facts are right, and the student's minus the teacher's; null where the prompts are not Storybook's. */
  student: Share.nullable(),
  teacher: Share.nullable(),
  difference: Interval.nullable(),
  /** Root mean square difference of the pixels, 0 to 1. */
  distance: Interval.nullable(),
  /** Teacher's over student's. */
  timeRatio: z.number(),
  nfeRatio: z.number(),
});
export type EvaluationRow = z.infer<typeof EvaluationRow>;

export const EvaluationSummary = z.object({
  /** `held-out`: the published prompts that training never shows. `source`: the job's own, which the student has learned from. */
  prompts: z.enum(['held-out', 'source']),
  /** That every cell has drawn. */
  count: z.int(),
  steps: z.int(),
  device: z.string(),
  threads: z.int(),
  rows: z.array(EvaluationRow),
  /** What a reader must know, such as what could not be measured. */
  warnings: z.array(Warning),
});
export type EvaluationSummary = z.infer<typeof EvaluationSummary>;

export const JobRecord = z.object({
  id: Id,
  /** The student's wished name; `model` is the one it got. */
  name: ModelId,
  config: JobConfig,
  state: JobState,
  createdAt: z.iso.datetime(),
  /** First time it ran, and when it reached its present end. */
  startedAt: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
  /** Place in the queue from 0, of a queued one; else null. */
  position: z.int().nullable(),
  /** Of the present or last sitting; null before the first point. */
  progress: JobProgress.nullable(),
  /** Training steps of the newest checkpoint, from which it would go on; 0: none yet. */
  checkpointStep: z.int(),
  /** Seconds worked over all sittings. */
  seconds: z.number(),
  /** Of the training process, while there is one. */
  memoryBytes: z.int().nullable(),
  /** Measured when it began; null before. */
  estimate: JobEstimate.nullable(),
  /** Why it is paused, failed or interrupted: what happened (`message`) and what to do (`hint`). */
  reason: ErrorData.nullable(),
  /** Such as a damaged checkpoint that was passed over. */
  warnings: z.array(Warning),
  /** Content hashes of what it learns from; null until it has begun. */
  teacherHash: z.string().nullable(),
  dataHash: z.string().nullable(),
  /** Threads it has learned with last; with another number losses are alike, not the same bit for bit. null before it has begun. */
  threads: z.int().nullable().default(null),
  /** Where it has learned last; with `auto` the choice of the training process. Another device rounds otherwise. null before it has begun. */
  device: Settings.shape.device.unwrap().exclude(['auto']).nullable().default(null),
  /** The finished student; also while it is evaluated. */
  model: ModelId.nullable(),
  /** Of the student: which evaluation of the library, and what it came to once it is done. */
  evaluation: z.object({ id: Id, summary: EvaluationSummary.nullable() }).nullable().default(null),
});
export type JobRecord = z.infer<typeof JobRecord>;

/** Columns of equal length, by rising step. */
export const JobMetrics = z.object({
  step: z.array(z.int()),
  /** Mean square of the velocity's error. */
  loss: z.array(z.number()),
  /** Before clipping. */
  gradientNorm: z.array(z.number()),
  learningRate: z.array(z.number()),
  /** Milliseconds of the step itself. */
  ms: z.array(z.number()),
  /** Measured at some steps only: columns of their own. */
  validation: z.object({ step: z.array(z.int()), loss: z.array(z.number()) }),
});
export type JobMetrics = z.infer<typeof JobMetrics>;

/** Steps `from` to `to`, both inclusive. More of them than `points` are put together: each row is then the mean over its share, at its last step. */
export const MetricsQuery = z.object({
  job: Id,
  from: z.int().min(0).default(0),
  to: z.int().min(0).optional(),
  points: z.int().min(2).max(20_000).default(1000),
});
export type MetricsQuery = z.infer<typeof MetricsQuery>;

/** One picture; `jobs.picture` has its pixels. */
export const JobSample = z.object({
  job: Id,
  /** Training steps that the student had made; null: the teacher's picture. */
  step: z.int().nullable(),
  /** Number of its subject in the job. */
  index: z.int(),
  ...SampleSubject.shape,
});
export type JobSample = z.infer<typeof JobSample>;

/** What happened since the last such event of this job; at most four a second. */
export const JobNews = z.object({
  job: Id,
  progress: JobProgress,
  /** As in the record; between two news a display counts on by its own clock. */
  seconds: z.number(),
  memoryBytes: z.int().nullable(),
  checkpointStep: z.int(),
  /** New rows, not put together. */
  metrics: JobMetrics,
});
export type JobNews = z.infer<typeof JobNews>;

export const ExportFormat = z.enum(['folder', 'onnx', 'zip']);
export type ExportFormat = z.infer<typeof ExportFormat>;

/** `folder`, `zip`: a complete diffusers folder, the teacher's parts included. `onnx`: the transformer as one file. In the library's `exports`. */
export const JobExport = z.object({ path: z.string(), bytes: z.int() });
export type JobExport = z.infer<typeof JobExport>;
