// The tables of a report in Markdown: facts, measures and costs, differences, and what the students' guidance scales do.
// Pure; knows nothing of the document around them.
import type { Adherence, CellResult, EvaluationReport, EvaluatorTrust, PairedDifference, SliderReport } from '../contract/evaluation.ts';
import { factNames } from '../storybook/evaluator.ts';
import { seriesName } from './charts.ts';
import { expectedPace, keepsPace } from './differences.ts';
import { judgedScales, sliderAt } from './slider.ts';
import { interval, plain, share, signed, table, yesNo } from './words.ts';

/** What each table's numbers are, for a reader who has only the document. */
export const notes = {
  adherence: 'Share of the pictures in which the evaluator reads what the prompt states; in brackets Wilson\'s 95 % interval. A fact of a pair holds when it '
    + 'holds for both objects. A control stands below what it controls.',
  measures: 'Fréchet: distance of two Gaussians in the evaluator\'s features to real drawings of the same prompts, ± 1.96 bootstrap errors, comparable '
    + 'only at equal numbers of pictures. Copies: nearer to a training picture than all but 1 % of fresh drawings of unseen scenes. Saturation and contrast from 0 to 1, '
    + 'with the real drawings\' mean after the stroke. Time: median for one picture, denoising and decoding. Distance: root mean square of the pixels, 0 to 1, from the '
    + 'own teacher at the same scale and seed.',
  differences: 'The second minus the first, in percentage points of pictures with all facts right; 95 % intervals by paired bootstrap, prompts of one and of two objects '
    + 'drawn apart. Ratios are the first\'s cost over the second\'s, of times the median over the pairs; last, whether the ratio of times is at least '
    + `${expectedPace} times that of passes.`,
  sliders: 'Root mean square pixel distance of the student (rows) from its teacher (columns) over the same noise. **Bold** is the least of a row; it should stand on the diagonal.',
};

/** All facts at once, then fact by fact for prompts of one object and of two; tables without a row are left out. */
export function adherenceTables(report: EvaluationReport): string[] {
  const judged = report.cells.filter(({ adherence }) => adherence.all !== null);
  if (judged.length === 0) return ['None of the prompts is a sentence of the Storybook world, so that no facts could be read.'];
  const whole = table(['all facts', 'γ', 'steps', 'all prompts', 'of one object', 'of two'], judged.map((cell) => [
    cellName(cell), String(cell.guidance), String(cell.steps), share(cell.adherence.all?.all), share(cell.adherence.one?.all), share(cell.adherence.two?.all),
  ]));
  return [whole, factTable('one object', judged, ({ adherence }) => adherence.one), factTable('two objects', judged, ({ adherence }) => adherence.two)].flatMap((part) => part ?? []);
}

function factTable(title: string, cells: readonly CellResult[], of: (cell: CellResult) => Adherence | null): string | null {
  const facts = factNames.filter((name) => cells.some((cell) => of(cell)?.facts[name] !== undefined));
  if (facts.length === 0) return null;
  return table([title, 'γ', 'steps', ...facts], cells.map((cell) => [cellName(cell), String(cell.guidance), String(cell.steps), ...facts.map((name) => share(of(cell)?.facts[name]))]));
}

export function measureTable({ cells, metrics }: EvaluationReport): string {
  const rows = cells.map((cell) => [
    cellName(cell), String(cell.guidance), String(cell.nfe), `${cell.ms.value.toFixed(0)} (${cell.ms.low.toFixed(0)}–${cell.ms.high.toFixed(0)})`,
    interval(cell.frechet, 2), share(cell.memorised), `${interval(cell.saturation, 3)} / ${cell.real?.saturation.toFixed(3) ?? '–'}`,
    `${interval(cell.contrast, 3)} / ${cell.real?.contrast.toFixed(3) ?? '–'}`, interval(cell.distanceToTeacher, 3),
    ...metrics.map(({ id }) => interval(cell.scores[id] ?? null, 3)),
  ]);
  return table(['', 'γ', 'NFE', 'ms', 'Fréchet', 'copies', 'saturation', 'contrast', 'distance', ...metrics.map(({ name, higherIsBetter }) => `${plain(name)} ${higherIsBetter ? '↑' : '↓'}`)], rows);
}

export function differenceTable({ differences, cells, metrics }: EvaluationReport): string {
  const named = new Map(cells.map((cell) => [cell.key, `${seriesName(cell)}, γ ${cell.guidance}, ${cell.steps} steps`]));
  const rows = differences.map((difference) => [
    named.get(difference.a)!, named.get(difference.b)!, String(difference.pairs), signed(difference.all, 1, 100), signed(difference.one, 1, 100), signed(difference.two, 1, 100),
    timeRatio(difference), difference.nfeRatio.toFixed(2), pace(difference), ...metrics.map(({ id }) => signed(difference.scores[id] ?? null, 3)),
  ]);
  return table(['first', 'second', 'pairs', 'all', 'one object', 'two', 'time ratio', 'NFE ratio', `≥ ${expectedPace} ×`, ...metrics.map(({ name }) => plain(name))], rows);
}

/** With its interval, where the report has one. */
export const timeRatio = ({ timeRatio: value, timeRange }: PairedDifference): string => (timeRange === undefined ? value.toFixed(2) : interval({ value, ...timeRange }, 2));

export function pace(difference: PairedDifference): string {
  const kept = keepsPace(difference);
  return kept === null ? '–' : yesNo(kept);
}

/** A matrix and its verdict for each student. */
export function sliderTables({ sliders }: EvaluationReport): string {
  return sliders.map((slider) => {
    const { student, teacher, guidance, distances } = slider;
    const rows = distances.map((row, i) => [
      `**${student}(${guidance[i]})**`, ...row.map((distance) => (distance === Math.min(...row) ? `**${distance.toFixed(4)}**` : distance.toFixed(4))),
    ]);
    return [table(['', ...guidance.map((scale) => `${teacher}(${scale})`)], rows), sliderVerdict(slider)].join('\n\n');
  }).join('\n\n');
}

/** What a slider's matrix and curves say, in one line; over METHOD's scales alone too, where those are only some of them. */
export function sliderVerdict(slider: SliderReport): string {
  const follows = (name: string, curve: { correlation: number | null; meanGap: number }, gap: string): string =>
    `${name}: correlation with the teacher's curve ${curve.correlation?.toFixed(3) ?? 'none (a curve is flat)'}, mean absolute gap ${gap}.`;
  const { guidance, diagonal, adherence, saturation } = slider;
  const part = guidance.length > judgedScales.length ? sliderAt(slider, judgedScales) : null;
  return [
    `Row minima on the diagonal: ${yesNo(diagonal)}${part === null ? '' : `; over ${judgedScales.join(', ')} alone: ${yesNo(part.diagonal)}`}.`,
    ...(adherence === null ? [] : [follows('Facts', adherence, `${(100 * adherence.meanGap).toFixed(1)} points`)]),
    follows('Saturation', saturation, saturation.meanGap.toFixed(4)),
  ].join(' ');
}

/** What was measured of the evaluator itself, in one sentence each. */
export function trustLines({ renders, corruptedMisread, labelled }: EvaluatorTrust): string[] {
  const facts = factNames.flatMap((name) => (renders[name] === undefined ? [] : [`${name} ${share(renders[name])}`]));
  return [
    ...(facts.length === 0 ? [] : [`Facts read right on real drawings of held-out scenes: ${facts.join(', ')}.`]),
    `Corrupted drawings in which it named an object wrongly: ${share(corruptedMisread)} of ${corruptedMisread.asked}.`,
    `Agreement with labels made by eye of generated pictures: ${labelled === null ? 'not measured' : `${share(labelled)} of ${labelled.asked}`}.`,
  ];
}

const cellName = (cell: CellResult): string => (cell.purpose === 'asked' ? seriesName(cell) : `↳ ${seriesName(cell)}`);
