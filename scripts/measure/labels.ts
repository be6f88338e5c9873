// How often the evaluator agrees with a person about generated pictures, fact by fact, and where it does not.
// node scripts/node.mjs scripts/measure/labels.ts
import { agreements, labelledFacts, tally, type Agreement } from './label-agreement.ts';
import { table } from './models.ts';

const all = await agreements();
const words = (facts: Pick<Agreement['label'], 'background' | 'relation'> & { objects: readonly Agreement['label']['objects'][number][] }): string =>
  `${facts.objects.map(({ size, colour, kind, place }) => [size, colour, kind ?? 'something', place ?? ''].join(' ').trim()).join(' and ') || 'nothing'} on ${facts.background}${facts.relation ? `, ${facts.relation}` : ''}`;
for (const { label, reading, same } of all) {
  const apart = labelledFacts.filter((fact) => same[fact] === false);
  if (apart.length > 0) console.log(`${label.file} [${apart.join(', ')}]\n  person: ${words(label)}\n  evaluator: ${words(reading)}`);
}
const tallies = labelledFacts.map((fact) => tally(all, fact));
const sum = (of: 'right' | 'asked'): number => tallies.reduce((total, t) => total + t[of], 0);
const row = (name: string, right: number, asked: number): string[] => [name, `${right} of ${asked}`, asked === 0 ? '–' : `${((100 * right) / asked).toFixed(1)} %`];
console.log(`\n${table(['fact', 'same', 'share'], [...labelledFacts.map((fact, i) => row(fact, tallies[i]!.right, tallies[i]!.asked)), row('together', sum('right'), sum('asked'))])}`);
console.log(`\n${all.length} pictures.`);
