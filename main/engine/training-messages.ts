// What host and training process say to each other, as zod schemas checked on both sides of the process boundary.
import { z } from 'zod';
import { DistillOutcome, DistillProgress, DistillRequest } from '../contract/distillation.ts';
import { ErrorData } from '../contract/errors.ts';

/** A distillation with the places the host has chosen for it. */
export const TrainingJob = z.object({
  request: DistillRequest,
  /** Folders of models, the first that holds a model's name wins. */
  modelDirs: z.array(z.string()),
  /** For teaching points, checkpoints and the log. */
  workDir: z.string(),
  /** Start over where that folder has the work of another request. */
  restart: z.boolean(),
  /** Folder to write the student to; the host gives it its final name. */
  target: z.string(),
});
export type TrainingJob = z.infer<typeof TrainingJob>;

export const ToTraining = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('distill'), job: TrainingJob }),
  /** Stop after the running step, with a checkpoint. */
  z.object({ kind: z.literal('stop') }),
]);
export type ToTraining = z.infer<typeof ToTraining>;

export const FromTraining = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('progress'), progress: DistillProgress }),
  z.object({ kind: z.literal('warning'), message: z.string() }),
  /** The student lies at the job's target. Last message, like `failed`. */
  z.object({ kind: z.literal('done'), outcome: DistillOutcome }),
  z.object({ kind: z.literal('failed'), error: ErrorData }),
]);
export type FromTraining = z.infer<typeof FromTraining>;

/** Checks a training process's message; null for anything else. */
export function parseFromTraining(value: unknown): FromTraining | null {
  const parsed = FromTraining.safeParse(value);
  return parsed.success ? parsed.data : null;
}

/** Checks a host's message; null for anything else. */
export function parseToTraining(value: unknown): ToTraining | null {
  const parsed = ToTraining.safeParse(value);
  return parsed.success ? parsed.data : null;
}
