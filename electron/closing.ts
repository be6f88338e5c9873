// May the window close? Decides from what the studio has at work; asking the person is the caller's part.
import type { EvaluationRecord } from '../main/contract/evaluation.ts';
import type { JobRecord } from '../main/contract/jobs.ts';
import type { RunRecord } from '../main/contract/schemas.ts';
import type { Texts } from './texts.ts';

/** What the studio lists of its work. */
export interface Work {
  readonly runs: readonly Pick<RunRecord, 'state'>[];
  readonly evaluations: readonly Pick<EvaluationRecord, 'state'>[];
  readonly jobs: readonly Pick<JobRecord, 'state'>[];
}

/** How many of each closing would end. */
export interface Unfinished {
  readonly running: number;
  readonly queued: number;
  readonly evaluations: number;
  readonly jobs: number;
}

/**
 * What would be ended: a run in progress and those that wait for it, evaluations, a job at work. A job that waits is none of it: the queue outlives
 * the studio. Null where closing is free, as where the studio outlives its window (macOS, unless the person quits).
 */
export function decideClose({ runs, evaluations, jobs }: Work, endsStudio: boolean): Unfinished | null {
  const count = (records: readonly { state: string }[], ...states: string[]): number => records.filter(({ state }) => states.includes(state)).length;
  const unfinished = {
    running: count(runs, 'running'), queued: count(runs, 'queued'), evaluations: count(evaluations, 'running', 'queued'), jobs: count(jobs, 'estimating', 'running'),
  };
  return endsStudio && Object.values(unfinished).some((number) => number > 0) ? unfinished : null;
}

/** What the person is told: what is at work, then what becomes of it. */
export function closeDetail({ running, queued, evaluations, jobs }: Unfinished, texts: Texts): string {
  return [
    ...(running > 0 ? [texts.closeRunning] : []),
    ...(queued > 0 ? [texts.closeQueued(queued)] : []),
    ...(evaluations > 0 ? [texts.closeEvaluations(evaluations)] : []),
    ...(jobs > 0 ? [texts.closeJobs] : []),
    ...(running + queued > 0 ? [texts.closeDetail] : []),
    ...(evaluations + jobs > 0 ? [texts.closeResumable] : []),
  ].join(' ');
}
