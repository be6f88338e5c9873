// The distillation jobs of the library as a person reads them: what runs, then the queue, then the others, newest first. Pure.
import { isResumable, type JobNews, type JobRecord, type JobState } from '../../main/contract/jobs.ts';

export type JobList = readonly JobRecord[];

/** Has a process now. */
export const isAtWork = (state: JobState): boolean => state === 'estimating' || state === 'running';

/** Will end without a person's doing. */
export const isActive = (state: JobState): boolean => isAtWork(state) || state === 'queued';

export const mayPause = ({ state }: Pick<JobRecord, 'state'>): boolean => isActive(state);
export const mayResume = ({ state }: Pick<JobRecord, 'state'>): boolean => isResumable(state);
/** What has failed needs no stopping; it can be changed, resumed or deleted. */
export const mayCancel = ({ state }: Pick<JobRecord, 'state'>): boolean => isActive(state) || state === 'paused' || state === 'interrupted';
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
export function advance(list: JobList, { job, progress, seconds, memoryBytes, checkpointStep }: JobNews): JobList {
  return list.map((record) => {
    if (record.id !== job) return record;
    return { ...record, progress, seconds, checkpointStep, memoryBytes: isAtWork(record.state) ? memoryBytes : null };
  });
}

export const jobGroups = ['working', 'waiting', 'ended'] as const;
export type JobGroup = (typeof jobGroups)[number];

/** The list as its parts, those that have jobs. */
export function groupsOf(list: JobList): { group: JobGroup; records: JobList }[] {
  return jobGroups.flatMap((group, rank) => {
    const records = list.filter((record) => rankOf(record) === rank);
    return records.length === 0 ? [] : [{ group, records }];
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

/** Parts of the whole job in the order of its phases, together 1: each weighs what it was measured to take. */
function weights({ estimate, config }: Pick<JobRecord, 'estimate' | 'config'>): [teaching: number, learning: number, evaluating: number] {
  if (estimate === null || estimate.seconds <= 0) return config.evaluate === null ? [0.1, 0.9, 0] : [0.1, 0.8, 0.1];
  const evaluating = Math.min(1, estimate.evaluationSeconds / estimate.seconds);
  const teaching = Math.min(1 - evaluating, (config.points * estimate.secondsPerPoint) / estimate.seconds);
  return [teaching, 1 - teaching - evaluating, evaluating];
}

/** Share of the whole job that is done, 0 to 1. */
export function shareDone({ state, progress, estimate, config }: Pick<JobRecord, 'state' | 'progress' | 'estimate' | 'config'>): number {
  if (state === 'done') return 1;
  if (progress === null || progress.steps === 0) return 0;
  const [teaching, learning, evaluating] = weights({ estimate, config });
  const [before, own] = { teaching: [0, teaching], learning: [teaching, learning], evaluating: [teaching + learning, evaluating] }[progress.phase] as [number, number];
  return before + own * (progress.step / progress.steps);
}

/** Seconds until it is done, all phases together; what has not begun yet is known from an estimate only. null: not known. */
export function secondsLeft({ progress, estimate, config }: Pick<JobRecord, 'progress' | 'estimate' | 'config'>): number | null {
  if (progress === null) return estimate?.seconds ?? null;
  if (progress.phase === 'evaluating') return progress.secondsLeft;
  if (estimate === null) return progress.phase === 'learning' && config.evaluate === null ? progress.secondsLeft : null;
  const [, learning, evaluating] = weights({ estimate, config });
  return progress.secondsLeft + estimate.seconds * (progress.phase === 'teaching' ? learning + evaluating : evaluating);
}

/** Training steps per second; points while the teacher answers, pictures while the student is evaluated. */
export function rateOf({ progress, config }: Pick<JobRecord, 'progress' | 'config'>): number | null {
  if (progress === null) return null;
  return progress.phase === 'learning' ? progress.samplesPerSecond / config.batch : progress.samplesPerSecond;
}

/** Place of its group in `jobGroups`. */
const rankOf = ({ state }: JobRecord): number => (isAtWork(state) ? 0 : state === 'queued' ? 1 : 2);

function inOrder(a: JobRecord, b: JobRecord): number {
  if (rankOf(a) !== rankOf(b)) return rankOf(a) - rankOf(b);
  if (a.state === 'queued') return (a.position ?? Infinity) - (b.position ?? Infinity);
  return a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0;
}
