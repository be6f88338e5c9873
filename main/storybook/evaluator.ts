// Judges a picture against the facts it was to show. The eye is sight/; this file only compares.
import { look } from './sight/look.ts';
import { readPicture, readSight, type ReadObject, type Reading } from './sight/read.ts';
import type { Facts, ObjectFacts } from './scene.ts';

export { look, readPicture, readSight, type ReadObject, type Reading };

/** Counts changes of what the evaluator reads: figures of two versions are not to be compared. The test of the labels fails when one is forgotten. */
export const evaluatorVersion = 4;

export const factNames = ['background', 'count', 'kind', 'colour', 'size', 'place', 'relation'] as const;
export type FactName = (typeof factNames)[number];

export interface Judgement {
  /** Whether a fact holds, for both objects where there are two; null when nothing was stated about it. */
  perFact: Record<FactName, boolean | null>;
  /** Every stated fact holds. */
  allCorrect: boolean;
  reading: Reading;
}

/**
 * Judges a picture of `size` × `size` RGB bytes. What is null in `facts` is not judged; what cannot be read counts as wrong.
 * @throws StudioError `invalid-input` when the bytes do not fit the size
 */
export async function judge(rgb: Uint8Array, size: number, facts: Facts): Promise<Judgement> {
  return compare(facts, await readPicture(rgb, size));
}

/** The same for facts that were read already. */
export function compare(stated: Facts, reading: Reading): Judgement {
  const seen = inStatedOrder(stated.objects, reading);
  const holds = (name: keyof ObjectFacts): boolean | null => {
    const wanted = stated.objects.map((object) => object[name]);
    if (wanted.every((value) => value === null)) return null;
    return wanted.every((value, i) => value === null || seen.objects[i]?.[name] === value);
  };
  const perFact: Judgement['perFact'] = {
    background: stated.background === null ? null : reading.background === stated.background,
    count: reading.objects.length === stated.objects.length,
    kind: holds('kind'),
    colour: holds('colour'),
    size: holds('size'),
    place: holds('place'),
    relation: stated.relation === null ? null : seen.relation === stated.relation,
  };
  return { perFact, allCorrect: Object.values(perFact).every((value) => value !== false), reading };
}

const opposite = { 'left of': 'right of', 'right of': 'left of', above: 'below', below: 'above' } as const;

/** A reading lists objects in no order; this is the one in which more of them are what was stated. */
function inStatedOrder(stated: readonly ObjectFacts[], { objects, relation }: Reading): Pick<Reading, 'objects' | 'relation'> {
  if (objects.length !== 2 || stated.length !== 2) return { objects, relation };
  const agreement = (order: readonly ReadObject[]): number => order.reduce((sum, object, i) => {
    const { kind, colour, size } = stated[i]!;
    return sum + Number(object.kind === kind) + Number(object.colour === colour) + Number(object.size === size);
  }, 0);
  const swapped = [objects[1]!, objects[0]!];
  if (agreement(swapped) <= agreement(objects)) return { objects, relation };
  return { objects: swapped, relation: relation && opposite[relation] };
}
