// How often the evaluator agrees with the labels of generated pictures, fact by fact, and where it does not.
// node scripts/node.mjs scripts/measure/labels.ts [--set development|independent|final] [--from NNN --to NNN: pictures from and up to these numbers]
import { parseArgs } from 'node:util';
import type { Share } from '../../main/contract/evaluation.ts';
import { agreements, labelledFacts, summary, tally, type Agreement } from './label-agreement.ts';
import { labelSets, pictureName, type LabelSet } from './label-files.ts';
import { table } from './models.ts';

const { values } = parseArgs({ options: { set: { type: 'string' }, from: { type: 'string', default: '0' }, to: { type: 'string', default: '999' } } });
if (values.set !== undefined && !Object.hasOwn(labelSets, values.set)) throw new Error(`There is no set ${values.set}; there are ${Object.keys(labelSets).join(' and ')}.`);

const words = (facts: Pick<Agreement['label'], 'background' | 'relation'> & { objects: readonly Agreement['label']['objects'][number][] }): string =>
  `${facts.objects.map(({ size, colour, kind, place }) => [size, colour, kind ?? 'something', place ?? ''].join(' ').trim()).join(' and ') || 'nothing'} on ${facts.background}${facts.relation ? `, ${facts.relation}` : ''}`;
const share = (right: number, asked: number): string => (asked === 0 ? '–' : `${right} of ${asked}, ${((100 * right) / asked).toFixed(1)} %`);
const within = ({ right, asked, low, high }: Share): string => `${share(right, asked)} (${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)} %)`;

for (const set of values.set === undefined ? Object.keys(labelSets) as LabelSet[] : [values.set as LabelSet]) {
  const all = (await agreements(set)).filter(({ label: { file } }) => file >= pictureName(Number(values.from)) && file <= pictureName(Number(values.to)));
  console.log(`## ${set}: ${all.length} pictures\n`);
  if (all.length > 0) report(all);
}

function report(all: readonly Agreement[]): void {
  for (const { label, reading, same } of all) {
    const apart = labelledFacts.filter((fact) => same[fact] === false);
    if (apart.length > 0) console.log(`${label.file} [${apart.join(', ')}]\n  eye: ${words(label)}\n  evaluator: ${words(reading)}`);
  }
  const { same, decided, found, named } = summary(all);
  const rows = labelledFacts.map((fact) => [fact, ...(['same', 'decided'] as const).map((of) => {
    const { right, asked } = tally(all, fact, of);
    return share(right, asked);
  })]);
  console.log(`\n${table(['fact', 'same', 'same where the eye decides'], [...rows, ['together', within(same), within(decided)]])}`);
  console.log(`\nOf the objects that the eye names the evaluator names ${within(found)}; of those it names the eye names ${within(named)}.\n`);
}
