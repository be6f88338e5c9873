// The copy check without the training pictures: their sketches rule nearly all of them out, and the few that may be near enough are drawn.
// A file of a megabyte in place of minutes of drawing; it finds exactly the copies that MemorisationCheck finds.
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual, promisify } from 'node:util';
import { deflate, inflate } from 'node:zlib';
import { z } from 'zod';
import { renderBatch } from '../storybook/dataset.ts';
import { stages } from '../storybook/grammar.ts';
import { Thresholds, trainingSets, type CopyCheck, type ObjectCount } from './memorisation.ts';
import { describePicture, descriptorDistance, descriptorLength } from './nearest.ts';
import type { Pixels } from './record.ts';
import type { RenderedSet } from './rendered.ts';
import { isSketchOf, mayBeNearer, outline, sketch, sketchLength } from './sketch.ts';

/** First line of the file, before the sketches of all sets. */
const Head = z.object({
  version: z.literal(1),
  sets: z.array(z.object({ stage: z.enum(stages), seed: z.int(), count: z.int().min(1), heldOut: z.enum(['exclude', 'only', 'any']) })),
  thresholds: Thresholds,
});

const newline = 0x0a;
const size = 128;
/** Drawn side by side. */
const together = 8;

/** Bytes of the file. @param descriptors of all sets, one after the other. @throws RangeError when they are not so many */
export async function trainingIndex(sets: readonly RenderedSet[], thresholds: Thresholds, descriptors: Uint8Array): Promise<Uint8Array> {
  const count = sets.reduce((sum, set) => sum + set.count, 0);
  if (descriptors.length !== count * descriptorLength) throw new RangeError(`There are not the descriptors of ${count} pictures.`);
  const sketches = Buffer.alloc(count * sketchLength);
  for (let i = 0; i < count; i++) sketches.set(new Uint8Array(sketch(descriptors.subarray(i * descriptorLength, (i + 1) * descriptorLength)).buffer), i * sketchLength);
  const head = Head.parse({ version: 1, sets, thresholds });
  return promisify(deflate)(Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), sketches]), { level: 9 });
}

export class TrainingIndex implements CopyCheck {
  readonly #sets: readonly RenderedSet[];
  readonly #thresholds: Thresholds;
  readonly #sketches: Int8Array;
  readonly #drawn = new Map<number, Promise<Uint8Array>>();

  private constructor(sets: readonly RenderedSet[], thresholds: Thresholds, sketches: Int8Array) {
    this.#sets = sets;
    this.#thresholds = thresholds;
    this.#sketches = sketches;
  }

  /** null where there is no such file, or one of other sets, or the world has come to be drawn otherwise since. */
  static async open(path: string, sets: readonly RenderedSet[] = trainingSets): Promise<TrainingIndex | null> {
    const bytes = await readFile(path).then((packed) => promisify(inflate)(packed)).catch(() => null);
    const end = bytes?.indexOf(newline) ?? -1;
    if (bytes === null || end < 0) return null;
    const head = Head.safeParse(parsed(bytes.toString('utf8', 0, end))).data;
    const sketches = new Int8Array(bytes.buffer, bytes.byteOffset + end + 1, bytes.length - end - 1);
    const count = sets.reduce((sum, set) => sum + set.count, 0);
    if (head === undefined || !isDeepStrictEqual(head.sets, sets) || sketches.length !== count * sketchLength) return null;
    const index = new TrainingIndex(sets, head.thresholds, sketches);
    return (await index.#isOfToday()) ? index : null;
  }

  /** How many training pictures had to be drawn so far. */
  get drawn(): number {
    return this.#drawn.size;
  }

  async isCopy(picture: Pixels, objects: ObjectCount): Promise<boolean> {
    const own = describePicture(picture);
    const limit = this.#thresholds[objects];
    const near = mayBeNearer(outline(own), limit, this.#sketches);
    for (let start = 0; start < near.length; start += together) {
      const distances = await Promise.all(near.slice(start, start + together).map(async (i) => descriptorDistance(own, await this.#descriptor(i))));
      if (distances.some((distance) => distance < limit)) return true;
    }
    return false;
  }

  /** Draws the first and the last of each set: when they look otherwise now, so does all the rest. */
  async #isOfToday(): Promise<boolean> {
    const ends = this.#sets.flatMap((set, k) => {
      const first = this.#sets.slice(0, k).reduce((sum, { count }) => sum + count, 0);
      return [first, first + set.count - 1];
    });
    const same = await Promise.all(ends.map(async (i) => isSketchOf(this.#sketches.subarray(i * sketchLength, (i + 1) * sketchLength), await this.#descriptor(i))));
    return same.every(Boolean);
  }

  #descriptor(number: number): Promise<Uint8Array> {
    const known = this.#drawn.get(number);
    if (known !== undefined) return known;
    const drawing = draw(this.#sets, number);
    this.#drawn.set(number, drawing);
    return drawing;
  }
}

/** Picture `number`, counted through all sets. */
async function draw(sets: readonly RenderedSet[], number: number): Promise<Uint8Array> {
  let start = number;
  const set = sets.find(({ count }) => start < count || ((start -= count), false))!;
  const [sample] = await renderBatch({ ...set, start, count: 1, size });
  return describePicture({ width: size, height: size, rgb: sample!.rgb });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
