// Which pictures a run consists of, in the order in which they are made. Pure.
import type { Role, RunRecord } from '../contract/schemas.ts';

export interface PlannedPicture {
  readonly role: Role;
  readonly model: string;
  readonly seed: number;
  /** Counts pictures of one role from 0. */
  readonly index: number;
}

type Planned = Pick<RunRecord, 'kind' | 'teacher' | 'student' | 'count' | 'seed'>;

/** A comparison: the teacher's picture, then the student's, both from one seed. Else `count` pictures with seeds seed, seed+1, … */
export function plannedPictures({ kind, teacher, student, count, seed }: Planned): PlannedPicture[] {
  if (kind === 'compare') {
    const roles = [['teacher', teacher], ['student', student]] as const;
    return roles.flatMap(([role, model]) => (model === null ? [] : [{ role, model, seed, index: 0 }]));
  }
  const model = teacher ?? student;
  if (model === null) return [];
  return Array.from({ length: count }, (_, index) => ({ role: 'single' as const, model, seed: nextSeed(seed, index), index }));
}

/** Seeds have 32 bits; the one after the last is 0. */
export function nextSeed(seed: number, index: number): number {
  return (seed + index) % 2 ** 32;
}
