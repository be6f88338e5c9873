// How often the evaluator agrees with a person about generated pictures, fact by fact, and where it does not.
// node scripts/node.mjs scripts/measure/labels.ts [--from NNN: pictures from this number on]
import { parseArgs } from 'node:util';
import { agreements, labelledFacts, objectTallies, tally, type Agreement } from './label-agreement.ts';
import { pictureName } from './label-files.ts';
import { table } from './models.ts';

const { values } = parseArgs({ options: { from: { type: 'string', default: '0' } } });
const all = (await agreements()).filter(({ label }) => label.file >= pictureName(Number(values.from)));
const words = (facts: Pick<Agreement['label'], 'background' | 'relation'> & { objects: readonly Agreement['label']['objects'][number][] }): string =>
  `${facts.objects.map(({ size, colour, kind, place }) => [size, colour, kind ?? 'something', place ?? ''].join(' ').trim()).join(' and ') || 'nothing'} on ${facts.background}${facts.relation ? `, ${facts.relation}` : ''}`;
for (const { label, reading, same } of all) {
  const apart = labelledFacts.filter((fact) => same[fact] === false);
  if (apart.length > 0) console.log(`${label.file} [${apart.join(', ')}]\n  person: ${words(label)}\n  evaluator: ${words(reading)}`);
}
const share = (right: number, asked: number): string => (asked === 0 ? '–' : `${right} of ${asked}, ${((100 * right) / asked).toFixed(1)} %`);
const columns = (['same', 'decided'] as const).map((of) => {
  const tallies = labelledFacts.map((fact) => tally(all, fact, of));
  const sum = (part: 'right' | 'asked'): number => tallies.reduce((total, t) => total + t[part], 0);
  return [...tallies.map(({ right, asked }) => share(right, asked)), share(sum('right'), sum('asked'))];
});
console.log(`\n${table(['fact', 'same', 'same where the person decides'], [...labelledFacts, 'together'].map((name, i) => [name, columns[0]![i]!, columns[1]![i]!]))}`);
const { found, named } = objectTallies(all);
console.log(`\nOf the person's objects the evaluator names ${share(found.right, found.asked)}; of those it names the person names ${share(named.right, named.asked)}.`);
console.log(`\n${all.length} pictures.`);
