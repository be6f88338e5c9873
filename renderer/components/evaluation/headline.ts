// The one sentence that a report comes down to: a student against its own teacher, where the teacher is at its best. Pure.
import type { CellResult, EvaluationReport, PairedDifference } from '../../../main/contract/evaluation.ts';
import { CompareRequest } from '../../../main/contract/schemas.ts';

export interface Headline {
  subject: CellResult;
  /** The cell that the subject was taught by; null when there is none in the report. */
  teacher: CellResult | null;
  /** Subject minus teacher, over the same prompts and seeds. */
  difference: PairedDifference | null;
}

/**
 * Of the first student that stands beside its teacher, at the scale where the *teacher* has most pictures right: choosing the
 * student's own best scale would flatter it. Without such a pair the best of the asked cells; null when there is none.
 */
export function headlineOf(report: EvaluationReport): Headline | null {
  const byKey = new Map(report.cells.map((cell) => [cell.key, cell]));
  const pairs = report.differences.flatMap((difference): Required<Headline>[] => {
    const [teacher, subject] = [byKey.get(difference.a), byKey.get(difference.b)];
    const own = teacher?.kind === 'teacher' && subject?.kind === 'student' && subject.purpose === 'asked' && teacher.purpose === 'asked'
      && teacher.guidance === subject.guidance && teacher.steps === subject.steps;
    return own ? [{ subject, teacher, difference }] : [];
  });
  const first = pairs[0]?.subject.model;
  const pair = best(pairs.filter(({ subject }) => subject.model === first), ({ teacher }) => teacher!);
  if (pair !== null) return pair;
  const subject = best(report.cells.filter(({ purpose }) => purpose === 'asked'), (cell) => cell);
  return subject === null ? null : { subject, teacher: null, difference: null };
}

/** The scale that the window opens with; of scales that are equally good it says most. */
const usualScale = CompareRequest.shape.guidance.parse(undefined);

function best<T>(candidates: readonly T[], cellOf: (candidate: T) => CellResult): T | null {
  const share = (candidate: T): number => cellOf(candidate).adherence.all?.all.value ?? -1;
  const off = (candidate: T): number => Math.abs(cellOf(candidate).guidance - usualScale);
  return candidates.toSorted((a, b) => share(b) - share(a) || off(a) - off(b))[0] ?? null;
}
