// Compares the committed labels with what the evaluator sees in the same pictures.
import path from 'node:path';
import sharp from 'sharp';
import type { Share } from '../../main/contract/evaluation.ts';
import { wilson } from '../../main/evaluation/statistics.ts';
import { readPicture, type Reading } from '../../main/storybook/evaluator.ts';
import type { FactTally } from '../../main/storybook/trust.ts';
import { labelsFolder, readLabels, type Label } from './label-files.ts';

export const labelledFacts = ['background', 'count', 'kind', 'colour', 'size', 'place', 'relation'] as const;
type Fact = (typeof labelledFacts)[number];

export interface Agreement {
  label: Label;
  reading: Reading;
  /** Whether both say the same; null where the label has nothing to compare. */
  same: Record<Fact, boolean | null>;
}

export async function agreements(): Promise<Agreement[]> {
  const all: Agreement[] = [];
  for (const label of await readLabels()) {
    const { data, info } = await sharp(path.join(labelsFolder, label.file)).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const reading = await readPicture(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), info.width);
    all.push({ label, reading, same: sameFacts(label, reading) });
  }
  return all;
}

export function tally(all: readonly Agreement[], fact: Fact): FactTally {
  const asked = all.filter(({ same }) => same[fact] !== null);
  return { right: asked.filter(({ same }) => same[fact]).length, asked: asked.length };
}

/** Every comparison of every picture together; null without labels. */
export async function labelledShare(): Promise<Share | null> {
  const all = await agreements().catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const tallies = labelledFacts.map((fact) => tally(all, fact));
  const asked = tallies.reduce((sum, t) => sum + t.asked, 0);
  return asked === 0 ? null : wilson(tallies.reduce((sum, t) => sum + t.right, 0), asked);
}

const opposite = { 'left of': 'right of', 'right of': 'left of', above: 'below', below: 'above' } as const;

/**
 * Both sides may say "cannot tell" (null), and that is compared too. What an object is like is compared where both see as many;
 * of two objects in the order in which they agree best.
 */
export function sameFacts(label: Label, reading: Reading): Agreement['same'] {
  const own = label.objects;
  const same: Agreement['same'] = {
    background: label.background === reading.background, count: own.length === reading.objects.length,
    kind: null, colour: null, size: null, place: null, relation: null,
  };
  const facts = ['kind', 'colour', 'size', 'place'] as const;
  const agreed = (seen: Reading['objects']): number => own.reduce((sum, object, i) => sum + facts.filter((fact) => object[fact] === seen[i]?.[fact]).length, 0);
  const swapped = reading.objects.length === 2 && agreed(reading.objects.toReversed()) > agreed(reading.objects);
  const seen = swapped ? reading.objects.toReversed() : reading.objects;
  const relation = swapped && reading.relation ? opposite[reading.relation] : reading.relation;
  for (const fact of facts) same[fact] = same.count && own.length > 0 ? own.every((object, i) => object[fact] === seen[i]![fact]) : null;
  // With two objects the relation takes the part of the places.
  if (own.length !== 1) same.place = null;
  same.relation = same.count && own.length === 2 ? label.relation === relation : null;
  return same;
}
