// What a job costs, part by part, from what was measured for this or a similar one. Pure.
import { evaluatedScales, type JobConfig, type JobEstimate } from '../../main/contract/jobs.ts';

export interface Measurement {
  config: JobConfig;
  estimate: JobEstimate;
}

export interface JobCost {
  /** Seconds: the teacher's answers, the training steps, samples with validation, the evaluation at the end. */
  teaching: number;
  learning: number;
  watching: number;
  evaluating: number;
  total: number;
  /** Of just these settings; else steps, points and the like are reckoned from another measurement. */
  exact: boolean;
}

/** What makes a point or a step slower or faster in ways that only a measurement tells. */
const speedKeys = [
  'teacher', 'kind', 'strategy', 'reflection', 'scheduleSteps', 'source', 'pointsFrom', 'ownScaleShare', 'optimizer', 'lora', 'accumulate', 'recompute', 'device', 'threads', 'gentle',
  'samples',
] as const satisfies readonly (keyof JobConfig)[];

/** null where the measurement says nothing about this job. */
export function costOf({ config: measured, estimate }: Measurement, config: JobConfig): JobCost | null {
  if (speedKeys.some((key) => JSON.stringify(measured[key]) !== JSON.stringify(config[key]))) return null;
  const teaching = config.points * estimate.secondsPerPoint;
  const learning = config.steps * estimate.secondsPerStep * (config.batch / measured.batch);
  const watched = Math.max(0, estimate.seconds - estimate.evaluationSeconds - measured.points * estimate.secondsPerPoint - measured.steps * estimate.secondsPerStep);
  const rounds = roundsOf(measured);
  const watching = rounds === 0 ? 0 : watched * (roundsOf(config) / rounds);
  const evaluating = evaluationOf(estimate, measured, config);
  if (evaluating === null) return null;
  return { teaching, learning, watching, evaluating, total: teaching + learning + watching + evaluating, exact: sameCost(measured, config) };
}

/** In proportion to the steps of its pictures; null where none were measured. */
function evaluationOf({ evaluationSeconds }: JobEstimate, measured: JobConfig, config: JobConfig): number | null {
  if (config.evaluate === null) return 0;
  const steps = ({ evaluate, scheduleSteps, ...job }: JobConfig): number => (evaluate?.count ?? 0) * (evaluate?.steps ?? scheduleSteps) * evaluatedScales({ evaluate, ...job }).length;
  return steps(measured) === 0 ? null : evaluationSeconds * (steps(config) / steps(measured));
}

/** Looks at the student: rounds of samples, which take most of it, else measurements of the validation loss. */
function roundsOf({ steps, sampleEvery, validateEvery }: JobConfig): number {
  const every = sampleEvery > 0 ? sampleEvery : validateEvery;
  return every > 0 ? Math.ceil(steps / every) : 0;
}

/** Names, rates and seeds cost nothing. */
function sameCost(a: JobConfig, b: JobConfig): boolean {
  const keys = [...speedKeys, 'steps', 'batch', 'points', 'sampleEvery', 'validateEvery', 'checkpointEvery', 'evaluate'] as const;
  return keys.every((key) => JSON.stringify(a[key]) === JSON.stringify(b[key])) && String(evaluatedScales(a)) === String(evaluatedScales(b));
}
