// Whether a student's guidance scale does what its teacher's does: distances between all pairs of scales over the same noise, and both
// curves against the scale (METHOD.md: a distillation is judged on the slider). Pure, over what was measured already.
import type { EvaluationCell, SliderReport } from '../contract/evaluation.ts';
import type { ModelInfo } from '../contract/schemas.ts';
import { ownTeacherKey } from './cells.ts';
import { correlation, mean } from './statistics.ts';

/** A student's cells with its teacher's at the same scales, by rising scale. */
export interface Slider {
  readonly student: ModelInfo;
  readonly cells: readonly { readonly guidance: number; readonly student: string; readonly teacher: string }[];
}

/** The sliders that can be judged: students drawn at two scales or more beside their own teacher. */
export function findSliders(cells: readonly EvaluationCell[], models: readonly ModelInfo[]): Slider[] {
  const keys = new Set(cells.map(({ key }) => key));
  return models.flatMap((student) => {
    const own = cells.filter(({ model, kind }) => model === student.id && kind === 'student').flatMap((cell) => {
      const teacher = ownTeacherKey(cell, student);
      return teacher !== null && keys.has(teacher) ? [{ guidance: cell.guidance, student: cell.key, teacher }] : [];
    });
    return own.length < 2 ? [] : [{ student, cells: own.sort((a, b) => a.guidance - b.guidance) }];
  });
}

/** Every pair of a student's and its teacher's cells. */
export function sliderPairs({ cells }: Slider): [string, string][] {
  return cells.flatMap(({ student }) => cells.map(({ teacher }): [string, string] => [student, teacher]));
}

/** The scales at which METHOD judges a slider. */
export const judgedScales = [1, 2, 4, 7] as const;

/** The part of a slider's report that is about some scales alone; null where one of them was not drawn. */
export function sliderAt({ guidance, distances }: Pick<SliderReport, 'guidance' | 'distances'>, scales: readonly number[]): Pick<SliderReport, 'guidance' | 'distances' | 'diagonal'> | null {
  const at = scales.map((scale) => guidance.indexOf(scale));
  if (at.includes(-1)) return null;
  const part = at.map((row) => at.map((column) => distances[row]![column]!));
  return { guidance: [...scales], distances: part, diagonal: leastOnDiagonal(part) };
}

/** Whether each row is least on the diagonal, and there alone. */
function leastOnDiagonal(matrix: readonly (readonly number[])[]): boolean {
  return matrix.every((row, i) => row.every((distance, j) => j === i || distance > row[i]!));
}

export interface Curves {
  /** Pixel distances of two cells, one for each prompt. */
  distances(student: string, teacher: string): readonly number[];
  /** Share of pictures with all facts right; null where none can be judged. */
  adherence(cell: string): number | null;
  saturation(cell: string): number;
}

/** null when the pictures of student and teacher cannot be compared. */
export function judgeSlider({ student, cells }: Slider, { distances, adherence, saturation }: Curves): SliderReport | null {
  const all = cells.map((row) => cells.map((column) => distances(row.student, column.teacher)));
  if (all.flat().some((list) => list.length === 0)) return null;
  const matrix = all.map((row) => row.map(mean));
  const shares = cells.map((cell) => [adherence(cell.student), adherence(cell.teacher)] as const);
  const known = shares.filter((pair): pair is readonly [number, number] => pair[0] !== null && pair[1] !== null);
  return {
    student: student.id,
    teacher: student.teacher!,
    guidance: cells.map(({ guidance }) => guidance),
    distances: matrix,
    diagonal: leastOnDiagonal(matrix),
    adherence: known.length < cells.length ? null : compareCurves(known),
    saturation: compareCurves(cells.map((cell) => [saturation(cell.student), saturation(cell.teacher)])),
  };
}

function compareCurves(points: readonly (readonly [number, number])[]): { correlation: number | null; meanGap: number } {
  return {
    correlation: correlation(points.map(([own]) => own), points.map(([, other]) => other)),
    meanGap: mean(points.map(([own, other]) => Math.abs(own - other))),
  };
}
