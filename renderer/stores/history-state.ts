// The history strip as a list with pages, newest first. Pure.
import type { RunRecord } from '../../main/contract/schemas.ts';

export interface History {
  runs: readonly RunRecord[];
  total: number;
  search: string;
}

export const noHistory: History = { runs: [], total: 0, search: '' };

export function firstPage(search: string, page: { runs: RunRecord[]; total: number }): History {
  return { runs: page.runs, total: page.total, search };
}

/** A page may overlap what came by event meanwhile; no run stands twice. */
export function nextPage(history: History, page: { runs: RunRecord[]; total: number }): History {
  const known = new Set(history.runs.map((run) => run.id));
  return { ...history, runs: [...history.runs, ...page.runs.filter((run) => !known.has(run.id))], total: page.total };
}

/** A run began or changed: it takes its place, or the front when it is new and fits the search. */
export function put(history: History, run: RunRecord): History {
  const at = history.runs.findIndex((known) => known.id === run.id);
  if (at >= 0) return { ...history, runs: history.runs.with(at, run) };
  if (!matches(run, history.search)) return history;
  const place = history.runs.findIndex((known) => known.createdAt <= run.createdAt);
  const runs = [...history.runs];
  runs.splice(place < 0 ? runs.length : place, 0, run);
  return { ...history, runs, total: history.total + 1 };
}

export function remove(history: History, id: string): History {
  const runs = history.runs.filter((run) => run.id !== id);
  return runs.length === history.runs.length ? history : { ...history, runs, total: Math.max(0, history.total - 1) };
}

/** The neighbour of a run, for the keys that walk through the history; `by` 1 is older. */
export function neighbour(history: History, id: string | null, by: 1 | -1): RunRecord | null {
  const at = history.runs.findIndex((run) => run.id === id);
  return history.runs[at < 0 ? 0 : at + by] ?? null;
}

function matches(run: RunRecord, search: string): boolean {
  const prompt = run.prompt.toLowerCase();
  return search.toLowerCase().split(/\s+/u).every((word) => prompt.includes(word));
}
