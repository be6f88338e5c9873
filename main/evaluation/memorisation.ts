// Whether a picture is a copy of a training picture: nearer to one than fresh drawings of unseen scenes come, but for one in a hundred.
// Knows the pictures that the Storybook models were trained on, by their seeds, and no model.
import { createHash, randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { describePicture, descriptorLength, NearestSearch, type Neighbour } from './nearest.ts';
import type { Pixels } from './record.ts';
import { cacheError, renderedDescriptors, type RenderedSet, type RenderOptions } from './rendered.ts';
import { quantile } from './statistics.ts';

/** What scripts/train/teacher.ts trains on. */
export const trainingSets: readonly RenderedSet[] = [
  { stage: 'one-plain', seed: 1, count: 8000, heldOut: 'exclude' },
  { stage: 'one', seed: 2, count: 16_000, heldOut: 'exclude' },
  { stage: 'two', seed: 3, count: 12_000, heldOut: 'exclude' },
];

/** Drawings of scenes that training never shows, by which a distance is judged: those of one object and of two apart, for the latter leave more to differ in. */
const yardsticks = { 1: { stage: 'one', seed: 901, heldOut: 'only' }, 2: { stage: 'two', seed: 902, heldOut: 'only' } } as const;
const yardstickCount = 1000;
/** So many of the yardstick's own pictures count as copies. */
const falseAlarms = 0.01;

export type ObjectCount = 1 | 2;

/** Root mean square Oklab distance below which a picture counts as a copy, by its number of objects. */
export const Thresholds = z.object({ 1: z.number().positive(), 2: z.number().positive() });
export type Thresholds = Readonly<Record<ObjectCount, number>>;

/** Whoever can tell a copy. */
export interface CopyCheck {
  /** Whether a picture that was to show so many objects is a copy. */
  isCopy(picture: Pixels, objects: ObjectCount): boolean | Promise<boolean>;
}

export interface MemorisationOptions extends RenderOptions {
  /** For tests and other trainings. */
  readonly sets?: readonly RenderedSet[];
  /** Pictures of each yardstick. */
  readonly yardstick?: number;
}

export class MemorisationCheck implements CopyCheck {
  readonly #search: NearestSearch;
  readonly thresholds: Thresholds;

  constructor(search: NearestSearch, thresholds: Thresholds) {
    this.#search = search;
    this.thresholds = thresholds;
  }

  /**
   * Reads the descriptors of all training pictures from `folder`, or draws them: some two minutes of a core, once, and 30 MB.
   * @throws StudioError `cancelled`; `disk-full`, `permission` when the folder cannot be written
   */
  static async open(folder: string, { sets = trainingSets, yardstick = yardstickCount, ...options }: MemorisationOptions = {}): Promise<MemorisationCheck> {
    const ones = { ...yardsticks[1], count: yardstick };
    const twos = { ...yardsticks[2], count: yardstick };
    const all = await renderedDescriptors(folder, [...sets, ones, twos], options);
    const ends = all.length - 2 * yardstick * descriptorLength;
    const search = new NearestSearch(all.subarray(0, ends));
    const threshold = (from: number): number => {
      const distances = Float64Array.from({ length: yardstick }, (_, i) => search.nearest(all.subarray(from + i * descriptorLength, from + (i + 1) * descriptorLength)).distance);
      return quantile(distances.sort(), falseAlarms);
    };
    return new MemorisationCheck(search, await kept(folder, all, () => ({ 1: threshold(ends), 2: threshold(ends + yardstick * descriptorLength) })));
  }

  /** The training picture that is most like this one. */
  nearest(picture: Pixels): Neighbour {
    return this.#search.nearest(describePicture(picture));
  }

  isCopy(picture: Pixels, objects: ObjectCount): boolean {
    return this.nearest(picture).distance < this.thresholds[objects];
  }
}

/** Thresholds that were found for exactly these descriptors; else they are found now, which takes seconds, and kept. */
async function kept(folder: string, descriptors: Uint8Array, find: () => Thresholds): Promise<Thresholds> {
  const file = path.join(folder, `thresholds-${createHash('sha256').update(descriptors).digest('hex').slice(0, 32)}.json`);
  const known = Thresholds.safeParse(await readFile(file, 'utf8').then(JSON.parse).catch(() => null));
  if (known.success) return known.data;
  const found = find();
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFile(temporary, JSON.stringify(found));
    await rename(temporary, file);
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw cacheError(thrown, folder);
  }
  return found;
}
