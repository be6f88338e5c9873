import { describe, expect, it } from 'vitest';
import type { EvaluationCell } from '../../../main/contract/evaluation.ts';
import { columnsFor, companionOf, scalesOf } from './picture-columns.ts';

function cell(key: string, guidance: number, more: Partial<EvaluationCell> = {}): EvaluationCell {
  return { key, purpose: 'asked', model: 'm', kind: 'teacher', sampler: 'euler', guidance, effectiveGuidance: guidance, steps: 20, ...more };
}

const cells = [
  cell('t3', 3), cell('t5', 5), cell('z5', 5, { sampler: 'z-sampling' }), cell('z5-control', 9.5, { purpose: 'effective-scale' }),
  cell('s3', 3, { kind: 'student' }), cell('s3-control', 3, { purpose: 'equal-passes', steps: 10 }), cell('s5', 5, { kind: 'student' }),
];
const keys = (found: EvaluationCell[]) => found.map(({ key }) => key);

describe('columns of pictures', () => {
  it('are one scale, its controls among them whatever their own scale is', () => {
    expect(scalesOf(cells)).toEqual([3, 5]);
    expect(keys(columnsFor(cells, 5, true))).toEqual(['t5', 'z5', 'z5-control', 's5']);
    expect(keys(columnsFor(cells, 3, true))).toEqual(['t3', 's3', 's3-control']);
    expect(keys(columnsFor(cells, 5, false))).toEqual(['t5', 'z5', 's5']);
    expect(columnsFor(cells, null, true)).toEqual(cells);
    expect(columnsFor(cells, 4, true)).toEqual([]);
  });

  it('have a teacher beside a student, a student beside a teacher, and beside a control what it controls', () => {
    expect(companionOf(cells[4]!, cells)?.key).toBe('t3');
    expect(companionOf(cells[1]!, cells)?.key).toBe('s5');
    expect(companionOf(cells[3]!, cells)?.key).toBe('z5');
    expect(companionOf(cells[5]!, cells)?.key).toBe('s3');
    expect(companionOf(cells[3]!, cells.slice(3))).toBeNull();
    expect(companionOf(cell('t3', 3), cells.slice(0, 1))).toBeNull();
  });
});
