// A report as a document that stands alone: what was measured and how, the tables, the charts and sheets beside it. Markdown.
// Pure; knows the names of the files beside it, and not where they are.
import type { CellResult, EvaluateRequest, EvaluationReport } from '../contract/evaluation.ts';
import { shownGuidance } from './charts.ts';
import { adherenceTables, differenceTable, measureTable, notes, sliderTables, trustLines } from './tables.ts';
import { plain } from './words.ts';

export interface DocumentFiles {
  readonly charts: readonly { readonly title: string; readonly file: string }[];
  readonly sheets: readonly { readonly title: string; readonly file: string }[];
}

export function reportMarkdown(report: EvaluationReport, { charts, sheets }: DocumentFiles): string {
  const parts = [
    ['# Evaluation', conditions(report)],
    ...(report.warnings.length > 0 ? [['## To be known', report.warnings.map(({ message }) => `- ${plain(message)}`).join('\n')]] : []),
    ['## Facts of the prompts', ...adherenceTables(report), notes.adherence],
    ['## Pictures beside real ones, and what they cost', measureTable(report), notes.measures],
    ...(report.differences.length > 0 ? [['## Differences over the same prompts and seeds', differenceTable(report), notes.differences]] : []),
    ...(report.sliders.length > 0 ? [['## Guidance scale of the students', sliderTables(report), notes.sliders]] : []),
    ...(charts.length > 0 ? [['## Charts', charts.map(image).join('\n\n')]] : []),
    ...(sheets.length > 0 ? [['## Pictures', sheets.map(image).join('\n\n'), 'A red corner marks a picture in which not all facts are right.']] : []),
    ['## How far the judge can be trusted', trustLines(report.evaluator).map((line) => `- ${line}`).join('\n')],
  ];
  return `${parts.map((part) => part.join('\n\n')).join('\n\n')}\n`;
}

/** The options of `studio evaluate` for a request, in full: nothing is left to defaults. A list of a person's own prompts becomes FILE. */
export function evaluateFlags({ models, guidance, samplers, steps, prompts, count, controls, copies, resamples, reflection }: EvaluateRequest): string {
  return [
    `--models ${models.join(',')}`, `--guidance ${guidance.join(',')}`, `--sampler ${samplers.join(',')}`, `--steps ${steps}`,
    `--prompts ${typeof prompts === 'string' ? prompts : 'FILE'}`, `--count ${count}`, `--resamples ${resamples}`,
    ...(controls ? [] : ['--no-controls']), ...(copies === false ? ['--no-copies'] : []),
    ...(reflection.steps === undefined ? [] : [`--reflection-steps ${reflection.steps}`]),
    ...(reflection.inversionGuidance === undefined ? [] : [`--inversion-guidance ${reflection.inversionGuidance}`]),
    ...(reflection.weakGuidance === undefined ? [] : [`--weak-guidance ${reflection.weakGuidance}`]),
    ...(reflection.guard === false ? ['--no-guard'] : []),
  ].join(' ');
}

/** The command that makes this report again. */
export function reportCommand({ request }: Pick<EvaluationReport, 'request'>): string {
  return `npm run studio -- evaluate ${evaluateFlags(request)}`;
}

function conditions({ createdAt, device, threads, runtime, models, request, cells, ...report }: EvaluationReport): string {
  return [
    `${cells[0]?.count ?? 0} prompts (${typeof request.prompts === 'string' ? request.prompts : 'a list of one\'s own'}), ${request.steps} steps, ${createdAt}.`,
    `Device: ${plain(device)}, ${threads} threads, ONNX Runtime ${plain(runtime)}${report.evaluatorVersion === undefined ? '' : `, evaluator version ${report.evaluatorVersion}`}. ${models.map(({ id, hash }) => `${id} \`${hash.slice(0, 12)}\``).join(', ')}.`,
    `\`\`\`\n${reportCommand({ request, ...report })}\n\`\`\``,
  ].join('\n\n');
}

/** The sheets that show every cell: one, or, where that would be too wide, one for each guidance scale. */
export function sheetPlan(report: EvaluationReport, widest = 12): { title: string; file: string; cells: CellResult[] }[] {
  if (report.cells.length <= widest) return [{ title: 'All cells', file: 'sheet.png', cells: report.cells }];
  return [...Map.groupBy(report.cells, (cell) => shownGuidance(report, cell))].sort(([a], [b]) => a - b)
    .map(([scale, cells]) => ({ title: `Guidance scale ${scale}`, file: `sheet-g${scale}.png`, cells }));
}

const image = ({ title, file }: { title: string; file: string }): string => `![${title}](${file})`;
