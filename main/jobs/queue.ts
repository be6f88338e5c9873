// The queue of jobs as pure functions over their records: what may happen to a job, which starts next, in what order they stand.
// Knows neither processes nor storage.
import type { JobRecord, JobState } from '../contract/jobs.ts';

const next: Readonly<Record<JobState, readonly JobState[]>> = Object.freeze({
  queued: ['estimating', 'running', 'paused', 'cancelled', 'failed', 'interrupted'],
  estimating: ['running', 'paused', 'cancelled', 'failed', 'interrupted'],
  running: ['done', 'paused', 'cancelled', 'failed', 'interrupted'],
  paused: ['queued', 'cancelled'],
  interrupted: ['queued', 'cancelled'],
  failed: ['queued', 'cancelled'],
  cancelled: ['queued'],
  done: [],
});

/** Saying the same twice is no change. */
export function mayBecome(from: JobState, to: JobState): boolean {
  return from === to || next[from].includes(to);
}

/** Does it have a process now? */
export const isActive = (state: JobState): boolean => state === 'estimating' || state === 'running';

type Queued = Pick<JobRecord, 'id' | 'state' | 'position'>;

/** The job to start now: the first of the queue, unless one is at work. One at a time, whatever their devices: each one's data is made on the same cores. */
export function nextJob<J extends Queued>(jobs: readonly J[]): J | null {
  return jobs.some(({ state }) => isActive(state)) ? null : (queue(jobs)[0] ?? null);
}

/** Queued jobs by their places. */
export function queue<J extends Queued>(jobs: readonly J[]): J[] {
  return jobs.filter(({ state }) => state === 'queued').toSorted((a, b) => (a.position ?? Infinity) - (b.position ?? Infinity));
}

/** As a person reads them: what runs, then the queue in its order, then the others as they came. */
export function inOrder<J extends Queued>(jobs: readonly J[]): J[] {
  return [...jobs.filter(({ state }) => isActive(state)), ...queue(jobs), ...jobs.filter(({ state }) => !isActive(state) && state !== 'queued')];
}

/** Ids with `id` before `before`, or last for null. An unknown `before` changes nothing. */
export function moved(ids: readonly string[], id: string, before: string | null): string[] {
  if (!ids.includes(id) || before === id || (before !== null && !ids.includes(before))) return [...ids];
  const others = ids.filter((other) => other !== id);
  return before === null ? [...others, id] : others.toSpliced(others.indexOf(before), 0, id);
}

/** `name`, or it with the first number from 2 on that is not taken. */
export function freeName(name: string, taken: Iterable<string>): string {
  const names = new Set(taken);
  if (!names.has(name)) return name;
  // A name that was made here goes on counting instead of growing a second number.
  const stem = /^(.+)-\d+$/.exec(name)?.[1] ?? name;
  for (let number = 2; ; number++) {
    const candidate = `${stem.slice(0, 120)}-${number}`;
    if (!names.has(candidate)) return candidate;
  }
}
