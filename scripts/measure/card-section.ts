// The part of a model's card that says what was measured of it: its text, and its place in the card. Pure.
import type { CellResult, EvaluationReport, PairedDifference } from '../../main/contract/evaluation.ts';
import { samplerNames } from '../../main/evaluation/charts.ts';
import { reportCommand } from '../../main/evaluation/document.ts';
import { percent, share, signed, table } from '../../main/evaluation/words.ts';

const heading = '## Measured';

/** The card with the section put in, or in the place of the one that it has. */
export function withSection(card: string, section: string): string {
  const lines = card.trimEnd().split('\n');
  const start = lines.indexOf(heading);
  const next = start < 0 ? -1 : lines.findIndex((line, i) => i > start && line.startsWith('## '));
  const before = start < 0 ? lines : lines.slice(0, start);
  const after = next < 0 ? [] : lines.slice(next);
  return [before.join('\n').trimEnd(), heading, section.trim(), ...(after.length === 0 ? [] : [after.join('\n')])].join('\n\n') + '\n';
}

interface Row {
  readonly cell: CellResult;
  /** After its own teacher at the same scale and steps; students only. */
  readonly difference: PairedDifference | null;
  readonly report: EvaluationReport;
}

/**
 * What evaluations of held-out prompts say of a model, scale by scale; where several drew the same, the one of more prompts. null when none does.
 * @throws Error when a report is of other weights than `hash`
 */
export function measuredSection(id: string, hash: string, reports: readonly EvaluationReport[]): string | null {
  const rows = reports.filter(({ request }) => request.prompts === 'held-out').flatMap((report) => rowsOf(id, hash, report));
  const best = [...Map.groupBy(rows, ({ cell }) => `${cell.sampler} ${cell.steps} ${cell.guidance}`).values()]
    .map((alike) => alike.reduce((a, b) => (b.cell.count > a.cell.count ? b : a)))
    .sort(({ cell: a }, { cell: b }) => (a.sampler < b.sampler ? -1 : a.sampler > b.sampler ? 1 : a.steps - b.steps || a.guidance - b.guidance));
  const [first] = best;
  if (first === undefined) return null;
  const student = first.cell.kind === 'student';
  const samplers = new Set(best.map(({ cell }) => cell.sampler));
  const header = [...(samplers.size > 1 ? ['sampler'] : []), 'guidance', 'steps', 'passes', 'ms', 'prompts', 'every fact right', 'one object', 'two objects', ...(student ? ['points after its teacher'] : [])];
  const used = [...new Set(best.map(({ report }) => report))];
  const { labelled } = first.report.evaluator;
  return [
    'Held-out prompts, combinations that training never showed: the share of pictures in which the studio\'s evaluator reads every fact of the prompt, with 95 % intervals'
    + `${labelled === null ? '' : ` (it agrees with labels made by eye in ${percent(labelled.value)} of ${labelled.asked})`}. `
    + `Times: median for one picture on ${first.report.device}, ${first.report.threads} threads.`,
    table(header, best.map(({ cell, difference }) => [
      ...(samplers.size > 1 ? [samplerNames[cell.sampler]] : []), String(cell.guidance), String(cell.steps), String(cell.nfe), cell.ms.value.toFixed(0), String(cell.count),
      ...[cell.adherence.all, cell.adherence.one, cell.adherence.two].map((group) => share(group?.all, 0)), ...(student ? [signed(difference?.all ?? null, 1, 100)] : []),
    ])),
    used.map((report) => `\`${reportCommand(report)}\``).join('  \n'),
  ].join('\n\n');
}

function rowsOf(id: string, hash: string, report: EvaluationReport): Row[] {
  const known = report.models.find((model) => model.id === id);
  if (known === undefined) return [];
  if (known.hash !== hash) throw new Error(`The evaluation ${report.id} is of other weights of ${id} than the folder of models holds now.`);
  const cells = new Map(report.cells.map((cell) => [cell.key, cell]));
  return report.cells.filter(({ model, purpose, adherence }) => model === id && purpose === 'asked' && adherence.all !== null).map((cell) => ({
    cell, report,
    difference: report.differences.find(({ a, b }) => b === cell.key && cells.get(a)!.kind === 'teacher' && cells.get(a)!.steps === cell.steps && cells.get(a)!.guidance === cell.guidance) ?? null,
  }));
}
