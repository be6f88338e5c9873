// The evaluations that the library keeps, newest first, and how far those are that run. Pure.
import type { EvaluationProgress, EvaluationRecord, EvaluationState } from '../../main/contract/evaluation.ts';

export interface EvaluationList {
  records: readonly EvaluationRecord[];
  /** By id; only of those that wait or run. */
  progress: ReadonlyMap<string, EvaluationProgress>;
}

export const noEvaluations: EvaluationList = { records: [], progress: new Map() };

/** Still to be drawn, without a person's doing. */
export function isActive(state: EvaluationState): boolean {
  return state === 'queued' || state === 'running';
}

/** Ended before all was drawn; it can go on where it was. */
export function mayResume(record: Pick<EvaluationRecord, 'state'>): boolean {
  return record.state === 'cancelled' || record.state === 'interrupted' || record.state === 'failed';
}

/** Share of its pictures that are drawn, 0 to 1. */
export function shareDone({ done, total }: Pick<EvaluationRecord, 'done' | 'total'>): number {
  return total > 0 ? done / total : 0;
}

/** As the host has it now. What was told of those that still run is kept until the next picture tells more. */
export function listed(list: EvaluationList, records: readonly EvaluationRecord[]): EvaluationList {
  return withoutEnded({ records: records.toSorted(newestFirst), progress: list.progress });
}

/** One is new, began, ended or came back: it takes its place. */
export function put(list: EvaluationList, record: EvaluationRecord): EvaluationList {
  const others = list.records.filter((known) => known.id !== record.id);
  return withoutEnded({ ...list, records: [...others, record].sort(newestFirst) });
}

export function remove(list: EvaluationList, id: string): EvaluationList {
  return withoutEnded({ ...list, records: list.records.filter((record) => record.id !== id) });
}

/** A picture more is done. Of one that is unknown, or that has ended meanwhile, nothing is taken in. */
export function advance(list: EvaluationList, progress: EvaluationProgress): EvaluationList {
  const at = list.records.findIndex((record) => record.id === progress.evaluation);
  const record = list.records[at];
  if (record === undefined || !isActive(record.state)) return list;
  const { done, total } = progress;
  return {
    records: list.records.with(at, { ...record, state: 'running', done, total }),
    progress: new Map(list.progress).set(record.id, progress),
  };
}

/** The neighbour of an evaluation, for the keys that walk along the list; `by` 1 is older. */
export function neighbour(list: EvaluationList, id: string | null, by: 1 | -1): EvaluationRecord | null {
  const at = list.records.findIndex((record) => record.id === id);
  return list.records[at < 0 ? 0 : at + by] ?? null;
}

function newestFirst(a: EvaluationRecord, b: EvaluationRecord): number {
  return a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0;
}

function withoutEnded(list: EvaluationList): EvaluationList {
  const active = new Set(list.records.filter((record) => isActive(record.state)).map((record) => record.id));
  return { ...list, progress: new Map([...list.progress].filter(([id]) => active.has(id))) };
}
