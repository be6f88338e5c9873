// What `studio evaluate` says at its end on a terminal: cells, differences, sliders, and how the facts compare with published ones.
// Words only; the report in full is the document that --out writes.
import type { CellResult, EvaluationReport } from '../contract/evaluation.ts';
import { pace, share, signed, sliderVerdict, timeRatio, trustLines, type FactsComparison } from '../studio/evaluation-words.ts';
import { seconds, table } from './terminal.ts';

export function evaluationSummary(report: EvaluationReport): string {
  const { cells, device, threads, id } = report;
  const drawing = seconds(cells.reduce((sum, { ms, count }) => sum + ms.value * count, 0));
  return [
    cellsTable(cells),
    ...(report.differences.length === 0 ? [] : [differencesTable(report)]),
    ...report.sliders.map((slider) => `${slider.student} beside ${slider.teacher}, guidance ${slider.guidance.join(', ')}: ${sliderVerdict(slider)}`),
    `The judge:\n${trustLines(report.evaluator).map((line) => `  ${line}`).join('\n')}`,
    `${cells[0]?.count ?? 0} prompts on ${device}, ${threads} threads, ${drawing} of drawing; evaluation ${id}`,
  ].join('\n\n');
}

function cellsTable(cells: readonly CellResult[]): string {
  const head = ['model', 'sampler', 'guidance', 'steps', 'passes', 'ms', 'all facts right', 'one object', 'two', ''];
  return table([head, ...cells.map((cell) => [
    cell.model, cell.sampler, String(cell.guidance), String(cell.steps), String(cell.nfe), cell.ms.value.toFixed(0),
    ...([cell.adherence.all, cell.adherence.one, cell.adherence.two].map((group) => share(group?.all, 0))), cell.purpose === 'asked' ? '' : `control: ${cell.purpose}`,
  ])]);
}

function differencesTable({ differences }: EvaluationReport): string {
  const head = ['difference in points', 'all', 'one object', 'two', 'time ratio', 'NFE ratio', '0.75 × met'];
  return table([head, ...differences.map((difference) => [
    `${difference.b} − ${difference.a}`, ...[difference.all, difference.one, difference.two].map((one) => signed(one, 1, 100)),
    timeRatio(difference), difference.nfeRatio.toFixed(2), pace(difference),
  ])]);
}

/** Of `--check`. */
export function checkInWords({ compared, unpublished, differences }: FactsComparison): string {
  const missing = unpublished === 0 ? '' : `; ${unpublished} pictures are not in the published file`;
  if (differences.length === 0) return `The facts of ${compared} pictures are as published${missing}.`;
  return `${differences.length} of ${compared} pictures differ from the published facts${missing}:\n${differences.map((line) => `  ${line}`).join('\n')}`;
}

/** Of what the project published of the same weights. A machine's arithmetic may turn a fact: nothing has failed then. */
export function reproducedInWords({ compared, facts, reproduced }: FactsComparison): string {
  return `${reproduced} of ${facts} published facts of ${compared} pictures are reproduced.`;
}
