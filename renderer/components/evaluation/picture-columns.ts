// Which cells stand side by side in the grid of pictures: one guidance scale at a time, or all. Pure.
import type { EvaluationCell } from '../../../main/contract/evaluation.ts';

/** Scales that were asked for; a control stands with the cell that it is beside, whatever scale it has itself. */
export function scalesOf(cells: readonly EvaluationCell[]): number[] {
  return [...new Set(cells.filter(({ purpose }) => purpose === 'asked').map(({ guidance }) => guidance))].sort((a, b) => a - b);
}

/** In the report's order. `scale` null: every one. */
export function columnsFor(cells: readonly EvaluationCell[], scale: number | null, controls: boolean): EvaluationCell[] {
  let beside = Number.NaN;
  return cells.filter((cell) => {
    if (cell.purpose === 'asked') beside = cell.guidance;
    return (scale === null || beside === scale) && (controls || cell.purpose === 'asked');
  });
}

/**
 * The cell to look at beside an enlarged one: of a student its teacher's at the same scale, of a teacher a student's, of a control
 * the cell that it stands beside. `cells` are in the report's order.
 */
export function companionOf(cell: EvaluationCell, cells: readonly EvaluationCell[]): EvaluationCell | null {
  if (cell.purpose !== 'asked') {
    const at = cells.findIndex(({ key }) => key === cell.key);
    return cells.slice(0, Math.max(0, at)).findLast(({ purpose }) => purpose === 'asked') ?? null;
  }
  const asked = cells.filter((other) => other.purpose === 'asked' && other.guidance === cell.guidance && other.key !== cell.key);
  return asked.find((other) => other.kind !== cell.kind) ?? asked[0] ?? null;
}
