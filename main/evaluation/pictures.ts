// One walk over the pixels of an evaluation: how far students are from their teachers, and which pictures are copies. Every picture is read once.
// Knows neither files nor models; pixels come from the caller.
import { StudioError } from '../contract/errors.ts';
import type { EvaluationCell } from '../contract/evaluation.ts';
import type { CopyCheck } from './memorisation.ts';
import type { PictureRecord, Pixels, ReadPixels } from './record.ts';

/** The pictures of one prompt by the key of their cell. */
export type PromptPictures = ReadonlyMap<string, PictureRecord>;

/** Root mean square difference of all bytes, 0 to 1; null for pictures of different sizes. */
export function pixelDistance(a: Pixels, b: Pixels): number | null {
  if (a.width !== b.width || a.height !== b.height) return null;
  let squares = 0;
  for (let i = 0; i < a.rgb.length; i++) {
    const difference = a.rgb[i]! - b.rgb[i]!;
    squares += difference * difference;
  }
  return Math.sqrt(squares / a.rgb.length) / 255;
}

export interface PixelFindings {
  /** Distances of each wanted pair of cells, prompt by prompt. */
  distances(a: string, b: string): readonly number[];
  /** Whether each picture of a cell is a copy of a training picture, where that can be told. */
  copies(cell: string): readonly boolean[];
}

export interface PixelWork {
  readonly cells: readonly EvaluationCell[];
  readonly prompts: readonly PromptPictures[];
  /** Pairs of keys whose pictures are to be compared. */
  readonly pairs: readonly (readonly [string, string])[];
  readonly memorisation: CopyCheck | null;
  readonly pixels: ReadPixels;
  readonly onPrompt?: (done: number) => void;
  readonly signal?: AbortSignal;
}

/** @throws StudioError `cancelled`, and what reading the pixels throws */
export async function walkPixels({ cells, prompts, pairs, memorisation, pixels, onPrompt, signal }: PixelWork): Promise<PixelFindings> {
  const distances = new Map<string, number[]>(pairs.map(([a, b]) => [pairKey(a, b), []]));
  const copies = new Map<string, boolean[]>(cells.map(({ key }) => [key, []]));
  const compared = new Set(pairs.flat());
  for (const [done, pictures] of prompts.entries()) {
    if (signal?.aborted) throw new StudioError('cancelled', 'The report was stopped.');
    const wanted = cells.map(({ key }) => pictures.get(key)!).filter(({ cell, objects }) => compared.has(cell) || (memorisation !== null && objects !== null));
    const read = new Map(await Promise.all(wanted.map(async (record) => [record.cell, await pixels(record)] as const)));
    for (const { cell, objects } of wanted) {
      if (memorisation !== null && objects !== null) copies.get(cell)!.push(await memorisation.isCopy(read.get(cell)!, objects));
    }
    for (const [a, b] of pairs) {
      const distance = pixelDistance(read.get(a)!, read.get(b)!);
      if (distance !== null) distances.get(pairKey(a, b))!.push(distance);
    }
    onPrompt?.(done + 1);
  }
  return { distances: (a, b) => distances.get(pairKey(a, b)) ?? [], copies: (cell) => copies.get(cell) ?? [] };
}

/** No key holds a space. */
const pairKey = (a: string, b: string): string => `${a} ${b}`;
