// A report as a document that stands alone: what was measured and how, the tables, the charts and sheets beside it. Markdown.
// Pure; knows the names of the files beside it, and not where they are.
import type { CellResult, EvaluationReport, Interval, PairedDifference, Share } from '../contract/evaluation.ts';
import { factNames } from '../storybook/evaluator.ts';
import { seriesName, shownGuidance } from './charts.ts';

export interface DocumentFiles {
  readonly charts: readonly { readonly title: string; readonly file: string }[];
  readonly sheets: readonly { readonly title: string; readonly file: string }[];
}

export function reportMarkdown(report: EvaluationReport, { charts, sheets }: DocumentFiles): string {
  const parts = [
    ['# Evaluation', conditions(report)],
    ...(report.warnings.length > 0 ? [['## To be known', report.warnings.map(({ message }) => `- ${plain(message)}`).join('\n')]] : []),
    ['## Facts of the prompts', adherenceTable(report), notes.adherence],
    ['## Pictures beside real ones, and what they cost', measureTable(report), notes.measures],
    ...(report.differences.length > 0 ? [['## Differences over the same prompts and seeds', differenceTable(report), notes.differences]] : []),
    ...(report.sliders.length > 0 ? [['## Guidance scale of the students', sliderTables(report), notes.sliders]] : []),
    ...(charts.length > 0 ? [['## Charts', charts.map(image).join('\n\n')]] : []),
    ...(sheets.length > 0 ? [['## Pictures', sheets.map(image).join('\n\n'), notes.sheets]] : []),
    ['## How far the judge can be trusted', trust(report)],
  ];
  return `${parts.map((part) => part.join('\n\n')).join('\n\n')}\n`;
}

/** The command that makes this report again, in full: nothing is left to defaults. */
export function reportCommand({ request }: Pick<EvaluationReport, 'request'>): string {
  const { models, guidance, samplers, steps, prompts, count, controls, resamples, reflection } = request;
  const flags = [
    `--models ${models.join(',')}`, `--guidance ${guidance.join(',')}`, `--sampler ${samplers.join(',')}`, `--steps ${steps}`,
    `--prompts ${typeof prompts === 'string' ? prompts : 'FILE'}`, `--count ${count}`, `--resamples ${resamples}`, ...(controls ? [] : ['--no-controls']),
    ...(reflection.steps === undefined ? [] : [`--reflection-steps ${reflection.steps}`]),
    ...(reflection.inversionGuidance === undefined ? [] : [`--inversion-guidance ${reflection.inversionGuidance}`]),
    ...(reflection.weakGuidance === undefined ? [] : [`--weak-guidance ${reflection.weakGuidance}`]),
    ...(reflection.guard === false ? ['--no-guard'] : []),
  ];
  return `npm run studio -- evaluate ${flags.join(' ')}`;
}

const notes = {
  adherence: 'Share of the pictures in which the evaluator reads what the prompt states; in brackets Wilson\'s 95 % interval. A fact of a pair holds when it '
    + 'holds for both objects. A control stands below what it controls.',
  measures: 'Fréchet: distance of two Gaussians in the evaluator\'s features to real drawings of the same prompts, ± 1.96 bootstrap errors, comparable '
    + 'only at equal numbers of pictures. Copies: nearer to a training picture than all but 1 % of fresh drawings of unseen scenes. Saturation and contrast from 0 to 1, '
    + 'with the real drawings\' mean after the stroke. Time: median for one picture, denoising and decoding. Distance: root mean square of the pixels, 0 to 1, from the '
    + 'own teacher at the same scale and seed.',
  differences: 'The second minus the first, in percentage points of pictures with all facts right; 95 % intervals by paired bootstrap, prompts of one and of two objects '
    + 'drawn apart. Ratios are the first\'s cost over the second\'s.',
  sliders: 'Root mean square pixel distance of the student (rows) from its teacher (columns) over the same noise. **Bold** is the least of a row; it should stand on the diagonal.',
  sheets: 'A red corner marks a picture in which not all facts are right.',
};

function conditions({ createdAt, device, threads, runtime, models, request, cells, ...report }: EvaluationReport): string {
  return [
    `${cells[0]?.count ?? 0} prompts (${typeof request.prompts === 'string' ? request.prompts : 'a list of one\'s own'}), ${request.steps} steps, ${createdAt}.`,
    `Device: ${plain(device)}, ${threads} threads, ${plain(runtime)}. ${models.map(({ id, hash }) => `${id} \`${hash.slice(0, 12)}\``).join(', ')}.`,
    `\`\`\`\n${reportCommand({ request, ...report })}\n\`\`\``,
  ].join('\n\n');
}

function adherenceTable(report: EvaluationReport): string {
  const judged = report.cells.filter(({ adherence }) => adherence.all !== null);
  if (judged.length === 0) return 'None of the prompts is a sentence of the Storybook world, so that no facts could be read.';
  const facts = factNames.filter((name) => judged.some(({ adherence }) => adherence.all!.facts[name] !== undefined));
  const rows = judged.map((cell) => [
    cellName(cell), String(cell.guidance), String(cell.steps), share(cell.adherence.all?.all), share(cell.adherence.one?.all), share(cell.adherence.two?.all),
    ...facts.map((name) => percent(cell.adherence.all?.facts[name]?.value)),
  ]);
  return table(['', 'γ', 'steps', 'all facts', 'of one object', 'of two', ...facts], rows);
}

function measureTable({ cells, metrics }: EvaluationReport): string {
  const rows = cells.map((cell) => [
    cellName(cell), String(cell.guidance), String(cell.nfe), `${cell.ms.value.toFixed(0)} (${cell.ms.low.toFixed(0)}–${cell.ms.high.toFixed(0)})`,
    interval(cell.frechet, 2), share(cell.memorised), `${cell.saturation.value.toFixed(3)} / ${cell.real?.saturation.toFixed(3) ?? '–'}`,
    `${cell.contrast.value.toFixed(3)} / ${cell.real?.contrast.toFixed(3) ?? '–'}`, interval(cell.distanceToTeacher, 3),
    ...metrics.map(({ id }) => interval(cell.scores[id] ?? null, 3)),
  ]);
  return table(['', 'γ', 'NFE', 'ms', 'Fréchet', 'copies', 'saturation', 'contrast', 'distance', ...metrics.map(({ name, higherIsBetter }) => `${plain(name)} ${higherIsBetter ? '↑' : '↓'}`)], rows);
}

function differenceTable({ differences, cells, metrics }: EvaluationReport): string {
  const named = new Map(cells.map((cell) => [cell.key, `${seriesName(cell)}, γ ${cell.guidance}, ${cell.steps} steps`]));
  const rows = differences.map((difference: PairedDifference) => [
    named.get(difference.a)!, named.get(difference.b)!, String(difference.pairs), signed(difference.all, 1, 100), signed(difference.one, 1, 100), signed(difference.two, 1, 100),
    difference.timeRatio.toFixed(2), difference.nfeRatio.toFixed(2), ...metrics.map(({ id }) => signed(difference.scores[id] ?? null, 3)),
  ]);
  return table(['first', 'second', 'pairs', 'all', 'one object', 'two', 'time ratio', 'NFE ratio', ...metrics.map(({ name }) => plain(name))], rows);
}

function sliderTables({ sliders }: EvaluationReport): string {
  return sliders.map(({ student, teacher, guidance, distances, diagonal, adherence, saturation }) => {
    const rows = distances.map((row, i) => [
      `**${student}(${guidance[i]})**`, ...row.map((distance) => (distance === Math.min(...row) ? `**${distance.toFixed(4)}**` : distance.toFixed(4))),
    ]);
    const follows = (name: string, curve: { correlation: number | null; meanGap: number }, gap: string): string =>
      `${name}: correlation with the teacher's curve ${curve.correlation?.toFixed(3) ?? 'none (a curve is flat)'}, mean absolute gap ${gap}.`;
    return [
      table(['', ...guidance.map((scale) => `${teacher}(${scale})`)], rows),
      `Row minima on the diagonal: ${diagonal ? 'yes' : 'no'}. `
      + (adherence === null ? '' : `${follows('Facts', adherence, `${(100 * adherence.meanGap).toFixed(1)} points`)} `) + follows('Saturation', saturation, saturation.meanGap.toFixed(4)),
    ].join('\n\n');
  }).join('\n\n');
}

function trust({ evaluator: { renders, corruptedMisread, labelled } }: EvaluationReport): string {
  const facts = factNames.flatMap((name) => (renders[name] === undefined ? [] : [`${name} ${share(renders[name])}`]));
  return [
    ...(facts.length === 0 ? [] : [`- Facts read right on real drawings of held-out scenes: ${facts.join(', ')}.`]),
    `- Corrupted drawings in which it named an object wrongly: ${share(corruptedMisread)} of ${corruptedMisread.asked}.`,
    labelled === null ? '- Agreement with labels made by eye of generated pictures: not measured.' : `- Agreement with labels made by eye of generated pictures: ${share(labelled)} of ${labelled.asked}.`,
  ].join('\n');
}

/** The sheets that show every cell: one, or, where that would be too wide, one for each guidance scale. */
export function sheetPlan(report: EvaluationReport, widest = 12): { title: string; file: string; cells: CellResult[] }[] {
  if (report.cells.length <= widest) return [{ title: 'All cells', file: 'sheet.png', cells: report.cells }];
  return [...Map.groupBy(report.cells, (cell) => shownGuidance(report, cell))].sort(([a], [b]) => a - b)
    .map(([scale, cells]) => ({ title: `Guidance scale ${scale}`, file: `sheet-g${scale}.png`, cells }));
}

const cellName = (cell: CellResult): string => (cell.purpose === 'asked' ? seriesName(cell) : `↳ ${seriesName(cell)}`);

/** GitHub's tables: the first column is words, the rest numbers. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[]): string => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [cells(header), cells(header.map((_, i) => (i === 0 ? ':---' : '---:'))), ...rows.map(cells)].join('\n');
}

const image = ({ title, file }: { title: string; file: string }): string => `![${title}](${file})`;
const percent = (value: number | undefined): string => (value === undefined ? '–' : `${(100 * value).toFixed(1)} %`);
const share = (value: Share | null | undefined): string => (value == null ? '–' : `${percent(value.value)} (${(100 * value.low).toFixed(1)}–${(100 * value.high).toFixed(1)})`);
const interval = (value: Interval | null, digits: number): string =>
  (value === null ? '–' : `${value.value.toFixed(digits)} (${value.low.toFixed(digits)}–${value.high.toFixed(digits)})`);

/** A difference, its sign always shown. */
function signed(value: Interval | null, digits: number, factor = 1): string {
  if (value === null) return '–';
  const [middle, low, high] = [value.value, value.low, value.high].map((part) => {
    const shown = Math.abs(factor * part).toFixed(digits);
    return Number(shown) === 0 ? shown : `${part > 0 ? '+' : '−'}${shown}`;
  });
  return `${middle} (${low} to ${high})`;
}

/** Text of others on one line, that no Markdown is read into. */
const plain = (content: string): string => content.replace(/\s+/g, ' ').replace(/[\\`*_[\]<>#]/g, '\\$&');
