// What host and training process say to each other, as zod schemas checked on both sides of the process boundary.
import { z } from 'zod';
import { DistillOutcome, DistillProgress, DistillRequest } from '../contract/distillation.ts';
import { ErrorData } from '../contract/errors.ts';
import { SampleSubject } from '../contract/jobs.ts';
import { ModelId } from '../contract/schemas.ts';
import { ProbeReport, Provider, RawPicture } from './messages.ts';

/** A picture to learn from, as the host found it. */
export const PictureItem = z.object({
  /** Real path. */
  file: z.string(),
  caption: z.string(),
  /** Of the file's bytes: another content is another data set. */
  sha256: z.string(),
});
export type PictureItem = z.infer<typeof PictureItem>;

/** A distillation with the places the host has chosen for it. */
export const TrainingJob = z.object({
  request: DistillRequest,
  /** Pictures with captions to learn from; null: the request's prompts, or the Storybook world. */
  pictures: z.array(PictureItem).min(1).nullable().default(null),
  /** Folders of models, the first that holds a model's name wins. */
  modelDirs: z.array(z.string()),
  /** For teaching points, checkpoints and the logs. */
  workDir: z.string(),
  /** Folder to write the student to; the host gives it its final name. */
  target: z.string(),
  /** Lowest priority. */
  gentle: z.boolean().default(true),
  /** Steps between checkpoints; between measurements of the validation loss and rounds of samples, 0: none. */
  checkpointEvery: z.int().min(1).default(50),
  validateEvery: z.int().min(0).default(0),
  sampleEvery: z.int().min(0).default(0),
  /** What the samples show. */
  subjects: z.array(SampleSubject).default([]),
  /** Of them, those that the teacher has to draw: before it teaches, or with the first that are asked for where there are no rounds. */
  teacherDraws: z.array(z.int()).default([]),
});
export type TrainingJob = z.output<typeof TrainingJob>;
export type TrainingJobInput = z.input<typeof TrainingJob>;

/** Write the transformer of model `id` as one self-contained ONNX file. */
export const OnnxExport = z.object({ id: ModelId, modelDirs: z.array(z.string()), file: z.string() });
export type OnnxExport = z.infer<typeof OnnxExport>;

export const ToTraining = z.discriminatedUnion('kind', [
  /** The four tasks; a process takes one. */
  z.object({ kind: z.literal('distill'), job: TrainingJob }),
  /** Does a little of a job in its work folder to see what it costs. */
  z.object({ kind: z.literal('measure'), job: TrainingJob }),
  z.object({ kind: z.literal('export'), export: OnnxExport }),
  /** Tries a provider against the CPU. */
  z.object({ kind: z.literal('probe'), provider: Provider, threads: z.int().min(1) }),
  /** Draw the samples, save a checkpoint: after the running step. */
  z.object({ kind: z.literal('sample') }),
  z.object({ kind: z.literal('save') }),
  /** Stop after the running step, with a checkpoint. */
  z.object({ kind: z.literal('stop') }),
]);
export type ToTraining = z.input<typeof ToTraining>;

/** A row of the training log. */
export const StepRow = z.object({ step: z.int(), loss: z.number(), gradientNorm: z.number(), learningRate: z.number(), ms: z.number() });
export type StepRow = z.infer<typeof StepRow>;

/** What a few points, steps and pictures took; see main/jobs/estimate.ts. */
export const MeasureReport = z.object({
  secondsPerPoint: z.number(),
  secondsPerStep: z.number(),
  /** Of a round of one picture, the opening of the network included; and of a picture alone. */
  secondsPerSample: z.number(),
  secondsPerPicture: z.number(),
  secondsPerValidation: z.number(),
  steps: z.int(),
  peakBytes: z.int(),
  pointBytes: z.int(),
  copyBytes: z.int(),
  studentBytes: z.int(),
  pictureBytes: z.int(),
  textBytes: z.int(),
});
export type MeasureReport = z.infer<typeof MeasureReport>;

export const FromTraining = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  /** `memoryBytes`: resident set of this process. */
  z.object({ kind: z.literal('progress'), progress: DistillProgress, memoryBytes: z.int().nullable().default(null) }),
  z.object({ kind: z.literal('teacher'), hash: z.string() }),
  /** Where it computes, before anything is learned. */
  z.object({ kind: z.literal('device'), provider: Provider }),
  z.object({ kind: z.literal('step'), row: StepRow }),
  z.object({ kind: z.literal('validated'), step: z.int(), loss: z.number() }),
  /** A checkpoint is on disk. */
  z.object({ kind: z.literal('saved'), step: z.int() }),
  /** `step` null: the teacher's. */
  z.object({ kind: z.literal('sample'), step: z.int().nullable(), index: z.int(), picture: RawPicture }),
  z.object({ kind: z.literal('warning'), message: z.string() }),
  /** Last messages, one of these: the student lies at the job's target; what was measured; the file is written; what the provider did; what went wrong. */
  z.object({ kind: z.literal('done'), outcome: DistillOutcome }),
  z.object({ kind: z.literal('measured'), report: MeasureReport }),
  z.object({ kind: z.literal('exported'), bytes: z.int() }),
  z.object({ kind: z.literal('probed'), report: ProbeReport }),
  z.object({ kind: z.literal('failed'), error: ErrorData }),
]);
export type FromTraining = z.input<typeof FromTraining>;

/** Checks a training process's message; null for anything else. */
export function parseFromTraining(value: unknown): z.output<typeof FromTraining> | null {
  const parsed = FromTraining.safeParse(value);
  return parsed.success ? parsed.data : null;
}

/** Checks a host's message; null for anything else. */
export function parseToTraining(value: unknown): z.output<typeof ToTraining> | null {
  const parsed = ToTraining.safeParse(value);
  return parsed.success ? parsed.data : null;
}
