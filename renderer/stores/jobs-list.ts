// The distillation jobs of the library as a person reads them: what runs, then the queue, then the others, newest first. Pure.
import { isResumable, type JobNews, type JobRecord, type JobState } from '../../main/contract/jobs.ts';

export type JobList = readonly JobRecord[];

/** Has a process now. */
export const isAtWork = (state: JobState): boolean => state === 'estimating' || state === 'running';

/** Will end without a person's doing. */
export const isActive = (state: JobState): boolean => isAtWork(state) || state === 'queued';

export const mayPause = ({ state }: Pick<JobRecord, 'state'>): boolean => isActive(state);
export const mayResume = ({ state }: Pick<JobRecord, 'state'>): boolean => isResumable(state);
export const mayCancel = ({ state }: Pick<JobRecord, 'state'>): boolean => state !== 'done' && state !== 'cancelled';
/** Whether a picture or a checkpoint can be asked for now. */
export const isLearning = ({ state, progress }: Pick<JobRecord, 'state' | 'progress'>): boolean => state === 'running' && progress?.phase === 'learning';

/** As the host has them now. */
export function listed(records: readonly JobRecord[]): JobList {
  return records.toSorted(inOrder);
}

/** One is new, changed or came back: it takes its place. */
export function put(list: JobList, record: JobRecord): JobList {
  return [...list.filter(({ id }) => id !== record.id), record].sort(inOrder);
}

export function remove(list: JobList, id: string): JobList {
  return list.filter((record) => record.id !== id);
}

/** How far one is by now. Of one that is unknown nothing is taken in; one that has stopped meanwhile uses no memory. */
export function advance(list: JobList, { job, progress, memoryBytes, checkpointStep }: JobNews): JobList {
  return list.map((record) => {
    if (record.id !== job) return record;
    return { ...record, progress, checkpointStep, memoryBytes: isAtWork(record.state) ? memoryBytes : null };
  });
}

/** The neighbour of a job, for the keys that walk along the list; `by` 1 is further down. */
export function neighbour(list: JobList, id: string | null, by: 1 | -1): JobRecord | null {
  const at = list.findIndex((record) => record.id === id);
  return list[at < 0 ? 0 : at + by] ?? null;
}

/** Before which job a queued one goes when it moves one place; undefined where it cannot move, null for the end. */
export function placeBefore(list: JobList, id: string, by: 1 | -1): string | null | undefined {
  const waiting = list.filter(({ state }) => state === 'queued').map((record) => record.id);
  const at = waiting.indexOf(id);
  if (at < 0 || waiting[at + by] === undefined) return undefined;
  return by === -1 ? waiting[at - 1] : (waiting[at + 2] ?? null);
}

/** Share of the whole job that is done, 0 to 1: teaching weighs what it was measured to take. */
export function shareDone({ state, progress, estimate, config }: Pick<JobRecord, 'state' | 'progress' | 'estimate' | 'config'>): number {
  if (state === 'done') return 1;
  if (progress === null || progress.steps === 0) return 0;
  const teaching = estimate === null || estimate.seconds <= 0 ? 0.1 : Math.min(1, (config.points * estimate.secondsPerPoint) / estimate.seconds);
  const share = progress.step / progress.steps;
  return progress.phase === 'teaching' ? teaching * share : teaching + (1 - teaching) * share;
}

/** Seconds until it is done; while the teacher is still at work that needs an estimate. null: not known. */
export function secondsLeft({ progress, estimate, config }: Pick<JobRecord, 'progress' | 'estimate' | 'config'>): number | null {
  if (progress === null) return estimate?.seconds ?? null;
  if (progress.phase === 'learning') return progress.secondsLeft;
  return estimate === null ? null : progress.secondsLeft + Math.max(0, estimate.seconds - config.points * estimate.secondsPerPoint);
}

/** Training steps, or points while the teacher answers, per second. */
export function rateOf({ progress, config }: Pick<JobRecord, 'progress' | 'config'>): number | null {
  if (progress === null) return null;
  return progress.phase === 'learning' ? progress.samplesPerSecond / config.batch : progress.samplesPerSecond;
}

const rank = ({ state }: JobRecord): number => (isAtWork(state) ? 0 : state === 'queued' ? 1 : 2);

function inOrder(a: JobRecord, b: JobRecord): number {
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (a.state === 'queued') return (a.position ?? Infinity) - (b.position ?? Infinity);
  return a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0;
}
