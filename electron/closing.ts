// May the window close? Decides from the library's runs alone; asking the person is the caller's part.
import type { RunRecord } from '../main/contract/schemas.ts';

export type CloseDecision = { ask: false } | { ask: true; running: number; queued: number };

/**
 * Closing is free unless work would be lost: a run in progress, or runs that wait for it. Where the studio outlives its
 * window (macOS, unless the person quits), nothing is lost either.
 */
export function decideClose(runs: readonly Pick<RunRecord, 'state'>[], endsStudio: boolean): CloseDecision {
  const running = runs.filter((run) => run.state === 'running').length;
  const queued = runs.filter((run) => run.state === 'queued').length;
  return endsStudio && running + queued > 0 ? { ask: true, running, queued } : { ask: false };
}
