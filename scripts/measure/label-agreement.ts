// Compares the committed labels with what the evaluator sees in the same pictures.
import { createHash } from 'node:crypto';
import path from 'node:path';
import sharp from 'sharp';
import type { Share } from '../../main/contract/evaluation.ts';
import { wilson } from '../../main/evaluation/statistics.ts';
import { readPicture, type Reading } from '../../main/storybook/evaluator.ts';
import type { FactTally } from '../../main/storybook/trust.ts';
import { labelsFolder, readLabels, type Label, type LabelSet } from './label-files.ts';

export const labelledFacts = ['background', 'count', 'kind', 'colour', 'size', 'place', 'relation'] as const;
type Fact = (typeof labelledFacts)[number];

export interface Agreement {
  label: Label;
  reading: Reading;
  /** Whether both say the same; null where the label has nothing to compare. */
  same: Record<Fact, boolean | null>;
  /** The same, less what the label leaves open: the evaluator decides at every border, the eye need not. */
  decided: Record<Fact, boolean | null>;
}

export async function agreements(set: LabelSet): Promise<Agreement[]> {
  const all: Agreement[] = [];
  for (const label of await readLabels(set)) {
    const { data, info } = await sharp(path.join(labelsFolder, label.file)).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const reading = await readPicture(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), info.width);
    all.push({ label, reading, same: sameFacts(label, reading), decided: sameFacts(label, reading, 'skip') });
  }
  return all;
}

export function tally(all: readonly Agreement[], fact: Fact, of: 'same' | 'decided' = 'same'): FactTally {
  const asked = all.filter((agreement) => agreement[of][fact] !== null);
  return { right: asked.filter((agreement) => agreement[of][fact]).length, asked: asked.length };
}

/**
 * Objects one by one, however many each side sees: those that both name with the same kind and colour, out of all that the eye
 * names and out of all that the evaluator names.
 */
export function objectTallies(all: readonly Pick<Agreement, 'label' | 'reading'>[]): { found: FactTally; named: FactTally } {
  let [both, eye, evaluator] = [0, 0, 0];
  for (const { label, reading } of all) {
    const left = [...reading.objects];
    for (const { kind, colour } of label.objects) {
      const at = left.findIndex((object) => object.kind === kind && (colour === null || object.colour === colour));
      if (at < 0) continue;
      left.splice(at, 1);
      both += 1;
    }
    eye += label.objects.length;
    evaluator += reading.objects.length;
  }
  return { found: { right: both, asked: eye }, named: { right: both, asked: evaluator } };
}

/** What is published of a set: every comparison of every picture together, the same where the eye decides, and objects one by one. */
export interface SetAgreement {
  pictures: number;
  same: Share;
  decided: Share;
  found: Share;
  named: Share;
}

export function summary(all: readonly Agreement[]): SetAgreement {
  const together = (of: 'same' | 'decided'): Share => {
    const tallies = labelledFacts.map((fact) => tally(all, fact, of));
    return wilson(tallies.reduce((sum, { right }) => sum + right, 0), tallies.reduce((sum, { asked }) => sum + asked, 0));
  };
  const { found, named } = objectTallies(all);
  return {
    pictures: all.length, same: together('same'), decided: together('decided'),
    found: wilson(found.right, found.asked), named: wilson(named.right, named.asked),
  };
}

/** Changes when the evaluator reads anything else from these pictures. */
export function readingsDigest(all: readonly Agreement[]): string {
  const read = all.map(({ label: { file }, reading: { background, objects, relation } }) =>
    [file, background, objects.map(({ kind, colour, size, place }) => [kind, colour, size, place]), relation]);
  return createHash('sha256').update(JSON.stringify(read)).digest('hex');
}

/** The same two objects in the other order. */
const turned = (reading: Reading): Reading => ({ ...reading, objects: reading.objects.toReversed(), relation: reading.relation && opposite[reading.relation] });

const opposite = { 'left of': 'right of', 'right of': 'left of', above: 'below', below: 'above' } as const;

/**
 * Both sides may say "cannot tell" (null), and that is compared too unless it is to be skipped. What an object is like is compared
 * where both see as many; of two objects in the order in which they agree best.
 * @param open what to do where the label says null
 */
export function sameFacts(label: Label, reading: Reading, open: 'compare' | 'skip' = 'compare'): Agreement['same'] {
  const own = label.objects;
  const agree = <T>(pairs: readonly (readonly [own: T | null, seen: T | null])[]): boolean | null => {
    const asked = open === 'skip' ? pairs.filter(([value]) => value !== null) : pairs;
    return asked.length === 0 ? null : asked.every(([value, seen]) => value === seen);
  };
  const facts = ['kind', 'colour', 'size', 'place'] as const;
  const agreed = (seen: Reading['objects']): number => own.reduce((sum, object, i) => sum + facts.filter((fact) => object[fact] === seen[i]?.[fact]).length, 0);
  const orders = [reading, ...(reading.objects.length === 2 ? [turned(reading)] : [])];
  // Where both orders agree as well, as with two alike objects, which have no order of their own: the one in which the relation agrees.
  const score = (order: Reading): number => agreed(order.objects) + Number(order.relation === label.relation) / 2;
  const { objects: seen, relation } = orders.reduce((best, order) => (score(order) > score(best) ? order : best));
  const count = own.length === seen.length;
  const of = (fact: (typeof facts)[number]): boolean | null => (count ? agree<string>(own.map((object, i) => [object[fact], seen[i]![fact]])) : null);
  return {
    background: agree([[label.background, reading.background]]), count, kind: of('kind'), colour: of('colour'), size: of('size'),
    // With two objects the relation takes the part of the places.
    place: own.length === 1 ? of('place') : null,
    relation: count && own.length === 2 ? agree([[label.relation, relation]]) : null,
  };
}
