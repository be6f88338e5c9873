// Which states a run may pass through, as pure predicates.
import type { RunRecord, RunState } from '../../contract/schemas.ts';

const next: Record<RunState, readonly RunState[]> = {
  queued: ['running', 'cancelled', 'failed', 'interrupted'],
  running: ['done', 'cancelled', 'failed', 'interrupted'],
  done: [],
  cancelled: [],
  failed: [],
  interrupted: [],
};

/** A run that has ended stays as it ended; saying the same twice is no change. */
export function mayBecome(from: RunState, to: RunState): boolean {
  return from === to || next[from].includes(to);
}

export function hasEnded(state: RunState): boolean {
  return next[state].length === 0;
}

/** How many pictures a run was asked for. */
export function picturesWanted(run: Pick<RunRecord, 'kind' | 'count' | 'teacher' | 'student'>): number {
  if (run.kind === 'generate') return run.count;
  return Number(run.teacher !== null) + Number(run.student !== null);
}
