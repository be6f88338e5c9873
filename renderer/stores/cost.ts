// What the two pictures cost, on one common scale. The bars of the window are this and nothing else.
import type { Pair, Side } from './comparison-state.ts';

export interface Cost {
  passes: number;
  ms: number;
}

export interface Costs extends Record<Side, Cost> {
  /** Full length of the bars: the dearer side, while running what it is going to cost at this rate. */
  scale: Cost;
  /** Teacher's time over student's, when both are done with the same number of steps; else null. */
  speedup: number | null;
}

const nothing: Cost = { passes: 0, ms: 0 };

/** `steps` of the run: what a finished step has cost tells what all will cost. */
export function costsOf(pair: Pair | null, steps: number): Costs {
  if (pair === null) return { teacher: nothing, student: nothing, scale: nothing, speedup: null };
  const [teacher, student] = [pair.teacher, pair.student];
  const expected = [expectedCost(pair, 'teacher', steps), expectedCost(pair, 'student', steps)];
  const comparable = teacher.image !== null && student.image !== null && teacher.image.steps === student.image.steps;
  return {
    teacher: { passes: teacher.nfe, ms: teacher.elapsedMs },
    student: { passes: student.nfe, ms: student.elapsedMs },
    scale: { passes: Math.max(...expected.map((cost) => cost.passes)), ms: Math.max(...expected.map((cost) => cost.ms)) },
    speedup: comparable && student.elapsedMs > 0 ? teacher.elapsedMs / student.elapsedMs : null,
  };
}

function expectedCost(pair: Pair, side: Side, steps: number): Cost {
  const { nfe, step, elapsedMs, remainingMs, image } = pair[side];
  if (image !== null || step === 0) return { passes: nfe, ms: elapsedMs };
  return { passes: (nfe / step) * steps, ms: elapsedMs + (remainingMs ?? 0) };
}
