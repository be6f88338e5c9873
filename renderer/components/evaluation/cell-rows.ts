// The cells of a report as rows of a table: each asked cell with the controls that it brought, sortable without tearing them apart. Pure.
import type { CellResult } from '../../../main/contract/evaluation.ts';

export interface CellGroup {
  cell: CellResult;
  controls: CellResult[];
}

/** In a report, controls follow the cell that they stand beside. */
export function groupCells(cells: readonly CellResult[]): CellGroup[] {
  const groups: CellGroup[] = [];
  for (const cell of cells) {
    const last = groups.at(-1);
    if (cell.purpose === 'asked' || last === undefined) groups.push({ cell, controls: [] });
    else last.controls.push(cell);
  }
  return groups;
}

/**
 * Groups by a value of their asked cell, ascending or descending; equal ones stay in the report's order and cells without the
 * value stand last either way.
 */
export function sortGroups(groups: readonly CellGroup[], valueOf: (cell: CellResult) => number | string | null, descending: boolean): CellGroup[] {
  const sign = descending ? -1 : 1;
  return groups.toSorted((first, second) => {
    const [a, b] = [valueOf(first.cell), valueOf(second.cell)];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return sign * (typeof a === 'string' || typeof b === 'string' ? String(a).localeCompare(String(b)) : a - b);
  });
}
