// In which order the pictures of an evaluation are drawn. Pure.
import type { EvaluationCell } from '../contract/evaluation.ts';

export interface WorkItem<Cell> {
  readonly cell: Cell;
  /** Number in the list of prompts. */
  readonly index: number;
}

/** The engine keeps so many models open; with more, each would be opened again for every prompt. */
const openModels = 3;
const promptsPerBlock = 8;

/** Names a picture within an evaluation. */
export function pictureKey(cell: string, index: number): string {
  return `${cell}/${index}`;
}

/**
 * What is missing, prompt by prompt: all cells of a prompt before the next, so that a stopped evaluation has whole pairs, and so that what
 * else goes on in the machine falls on teacher and student alike. With more models than the engine keeps open, a block of
 * prompts is drawn model by model.
 * @param has pictures that are there already, by `pictureKey`
 */
export function* missingPictures<Cell extends Pick<EvaluationCell, 'key' | 'model'>>(
  cells: readonly Cell[], prompts: number, has: ReadonlySet<string>,
): Generator<WorkItem<Cell>, void> {
  const models = [...new Set(cells.map(({ model }) => model))];
  const groups = models.length <= openModels ? [cells] : models.map((model) => cells.filter((cell) => cell.model === model));
  const block = groups.length === 1 ? 1 : promptsPerBlock;
  for (let start = 0; start < prompts; start += block) {
    for (const group of groups) {
      for (let index = start; index < Math.min(prompts, start + block); index++) {
        for (const cell of group) if (!has.has(pictureKey(cell.key, index))) yield { cell, index };
      }
    }
  }
}
