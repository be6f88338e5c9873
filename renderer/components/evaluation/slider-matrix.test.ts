import { describe, expect, it } from 'vitest';
import { matrixOf, strayRows } from './slider-matrix.ts';

describe('the matrix of a slider', () => {
  it('marks the diagonal, the least of each row, and rows that are nearest to another scale', () => {
    const rows = matrixOf({ guidance: [1, 4, 7], distances: [[0.1, 0.2, 0.3], [0.2, 0.15, 0.3], [0.4, 0.3, 0.5]] });
    expect(rows.map(({ nearestTo }) => nearestTo)).toEqual([1, 4, 4]);
    expect(rows[2]!.cells.map(({ diagonal, nearest }) => [diagonal, nearest])).toEqual([[false, false], [false, true], [true, false]]);
    expect(strayRows(rows).map(({ guidance }) => guidance)).toEqual([7]);
    expect(rows[0]!.cells[0]!.depth).toBe(0);
    expect(rows[2]!.cells[2]!.depth).toBe(1);
  });

  it('is light all over where all distances are the same', () => {
    expect(matrixOf({ guidance: [3], distances: [[0.2]] })[0]!.cells[0]).toEqual({ distance: 0.2, diagonal: true, nearest: true, depth: 0 });
    expect(matrixOf({ guidance: [], distances: [] })).toEqual([]);
  });
});
