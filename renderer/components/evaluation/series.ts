// The cells of a report as lines of a chart: one line for each way to make pictures, its points the guidance scales. Pure.
import type { CellPurpose, CellResult } from '../../../main/contract/evaluation.ts';
import type { Sampler } from '../../../main/contract/schemas.ts';
import { groupCells } from './cell-rows.ts';

/** Names of colours in the design tokens. */
export type Colour = 'teacher' | `series-${1 | 2 | 3 | 4 | 5 | 6}`;

export interface CellSeries {
  key: string;
  model: string;
  kind: 'teacher' | 'student';
  sampler: Sampler;
  purpose: CellPurpose;
  /** Of an asked series; controls have whatever equals the passes of their student. */
  steps: number;
  colour: Colour;
  /** By guidance, ascending. */
  cells: CellResult[];
}

/**
 * The scale under which each cell is shown, by its key: its own, a control that of the cell which brought it. Plain guidance at the
 * effective scale is to stand above the reflection that it controls.
 */
export function shownScales(cells: readonly CellResult[]): Map<string, number> {
  return new Map(groupCells(cells).flatMap(({ cell, controls }) => [cell, ...controls].map(({ key }) => [key, cell.guidance])));
}

/**
 * Series in the order in which the report names them, asked ones first. A model and sampler have one colour, their controls as
 * well: those differ by their dashes.
 */
export function seriesOf(cells: readonly CellResult[]): CellSeries[] {
  const colours = coloursOf(cells);
  const groups = Map.groupBy(cells, ({ model, sampler, purpose }) => `${model}|${sampler}|${purpose}`);
  const series = [...groups].map(([key, group]): CellSeries => {
    const { model, kind, sampler, purpose, steps } = group[0]!;
    const sorted = group.toSorted((a, b) => a.guidance - b.guidance || a.nfe - b.nfe);
    return { key, model, kind, sampler, purpose, steps, colour: colours.get(`${model}|${sampler}`) ?? 'teacher', cells: sorted };
  });
  return [...series.filter(({ purpose }) => purpose === 'asked'), ...series.filter(({ purpose }) => purpose !== 'asked')];
}

/** The first teacher is gray, as everywhere in the window; the first student has the students' colour. */
function coloursOf(cells: readonly CellResult[]): Map<string, Colour> {
  const colours = new Map<string, Colour>();
  const students = new Set(cells.filter(({ kind }) => kind === 'student').map(({ model, sampler }) => `${model}|${sampler}`));
  const teachers = new Set(cells.filter(({ kind }) => kind === 'teacher').map(({ model, sampler }) => `${model}|${sampler}`));
  const [first, ...otherTeachers] = teachers;
  if (first !== undefined) colours.set(first, 'teacher');
  [...students, ...otherTeachers].forEach((key, at) => colours.set(key, `series-${((at % 6) + 1) as 1 | 2 | 3 | 4 | 5 | 6}`));
  return colours;
}
