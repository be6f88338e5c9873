// How far a student's pictures are from its teacher's, in latents: the numbers by which a distillation is judged (METHOD.md).
import type { Sampler } from '../../main/contract/schemas.ts';
import type { OpenedModel } from './models.ts';

/** Scales of the matrix student(g) × teacher(g′). */
export const sliderScales = [1, 2, 4, 7] as const;

export interface Subject {
  prompt: string;
  seed: number;
}

/** Latents of one subject by guidance scale. */
export type Drawn = ReadonlyMap<number, Float32Array>;

export async function drawAt(model: OpenedModel, { prompt, seed }: Subject, scales: readonly number[], steps: number, sampler: Sampler = 'euler'): Promise<Drawn> {
  const drawn = new Map<number, Float32Array>();
  for (const guidance of scales) drawn.set(guidance, (await model.draw({ prompt, seed, guidance, steps, sampler })).latents);
  return drawn;
}

/** Root mean square difference. */
export const distance = (a: Float32Array, b: Float32Array): number => Math.sqrt(a.reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0) / a.length);

/** Mean over all subjects, in the same order in both lists, of the distance of student(`own`) to teacher(`other`). */
export const meanDistance = (learned: readonly Drawn[], taught: readonly Drawn[], own: number, other: number): number =>
  learned.reduce((sum, drawn, i) => sum + distance(drawn.get(own)!, taught[i]!.get(other)!) / learned.length, 0);

/** How far the pictures move from the lowest of the scales to the highest: a slider that does nothing has none. */
export const sliderRange = (drawn: readonly Drawn[]): number => meanDistance(drawn, drawn, sliderScales[0], sliderScales.at(-1)!);

/** A row for each student(g), a column for each teacher(g′). */
export const sliderMatrix = (learned: readonly Drawn[], taught: readonly Drawn[]): number[][] =>
  sliderScales.map((own) => sliderScales.map((other) => meanDistance(learned, taught, own, other)));

/** The slider matters when each row's smallest value stands on the diagonal. */
export const onDiagonal = (matrix: readonly (readonly number[])[]): boolean => matrix.every((row, i) => row[i] === Math.min(...row));

/** As rows of a table, the smallest value of each in bold. */
export const sliderRows = (matrix: readonly (readonly number[])[]): string[][] => matrix.map((row, i) =>
  [`student(${sliderScales[i]})`, ...row.map((value) => (value === Math.min(...row) ? `**${value.toFixed(3)}**` : value.toFixed(3)))]);
export const sliderHeader = ['', ...sliderScales.map((scale) => `teacher(${scale})`)];
