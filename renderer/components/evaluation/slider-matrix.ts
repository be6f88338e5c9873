// What a slider's distance matrix says: which teacher each row is nearest to, and how dark a cell is drawn. Pure.
import type { SliderReport } from '../../../main/contract/evaluation.ts';

export interface MatrixCell {
  distance: number;
  /** The student's own scale. */
  diagonal: boolean;
  /** The least of its row. */
  nearest: boolean;
  /** 0 at the matrix' least distance, 1 at its greatest. */
  depth: number;
}

export interface MatrixRow {
  guidance: number;
  cells: MatrixCell[];
  /** The teacher's scale that this row is nearest to. */
  nearestTo: number;
}

export function matrixOf({ guidance, distances }: Pick<SliderReport, 'guidance' | 'distances'>): MatrixRow[] {
  const every = distances.flat();
  const [least, most] = [Math.min(...every), Math.max(...every)];
  return distances.map((row, at) => {
    const nearest = row.indexOf(Math.min(...row));
    return {
      guidance: guidance[at] ?? Number.NaN,
      cells: row.map((distance, column) => ({
        distance, diagonal: column === at, nearest: column === nearest, depth: most > least ? (distance - least) / (most - least) : 0,
      })),
      nearestTo: guidance[nearest] ?? Number.NaN,
    };
  });
}

/** Rows whose least distance is not their own scale's. */
export function strayRows(rows: readonly MatrixRow[]): MatrixRow[] {
  return rows.filter(({ guidance, nearestTo }) => guidance !== nearestTo);
}
