// What host and evaluation process say to each other, as zod schemas checked on both sides of the process boundary.
import { z } from 'zod';
import { ErrorData } from '../contract/errors.ts';
import { EvaluationReport } from '../contract/evaluation.ts';
import { Warning } from '../contract/schemas.ts';
import { RawPicture } from '../engine/messages.ts';
import { PictureRecord } from '../evaluation/record.ts';
import { PlannedEvaluation } from './evaluation-files.ts';

const Number = z.int().min(1);

/** What the evaluator makes of one picture. */
export const Judged = PictureRecord.pick({ facts: true, allCorrect: true, seen: true, features: true, saturation: true, contrast: true }).extend({ evaluatorVersion: z.int() });
export type Judged = z.infer<typeof Judged>;

export const JudgeJob = z.object({
  picture: RawPicture,
  /** What a right picture shows; null when the prompt cannot be read. */
  facts: PlannedEvaluation.shape.prompts.element.shape.facts,
});
export type JudgeJob = z.infer<typeof JudgeJob>;

export const ReportJob = z.object({
  /** Of the evaluation. */
  dir: z.string(),
  /** File of the training pictures' sketches, which need not be there. */
  sketches: z.string(),
  /** For what is worth keeping between reports. */
  cacheDir: z.string(),
  warnings: z.array(Warning),
});
export type ReportJob = z.infer<typeof ReportJob>;

export const ToHelper = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('judge'), id: Number, job: JudgeJob }),
  z.object({ kind: z.literal('report'), id: Number, job: ReportJob }),
]);
export type ToHelper = z.infer<typeof ToHelper>;

export const FromHelper = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('judged'), id: Number, judged: Judged }),
  /** Of a report at work. */
  z.object({ kind: z.literal('progress'), id: Number, secondsLeft: z.number() }),
  /** null: there is no prompt yet that every cell has drawn. */
  z.object({ kind: z.literal('reported'), id: Number, report: EvaluationReport.nullable() }),
  z.object({ kind: z.literal('failed'), id: Number, error: ErrorData }),
]);
export type FromHelper = z.infer<typeof FromHelper>;

/** Checks an evaluation process's message; null for anything else. */
export function parseFromHelper(value: unknown): FromHelper | null {
  return FromHelper.safeParse(value).data ?? null;
}

/** Checks a host's message; null for anything else. */
export function parseToHelper(value: unknown): ToHelper | null {
  return ToHelper.safeParse(value).data ?? null;
}
