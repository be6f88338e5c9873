// The content of what is published of evaluations: documents, charts and sheets, the file of facts, the targets. Writes nothing.
import { isDeepStrictEqual } from 'node:util';
import sharp from 'sharp';
import type { EvaluationReport } from '../../main/contract/evaluation.ts';
import { reportCharts } from '../../main/evaluation/charts.ts';
import { reportCsv } from '../../main/evaluation/csv.ts';
import { reportMarkdown, sheetPlan } from '../../main/evaluation/document.ts';
import { writeFacts, type FactsHead } from '../../main/evaluation/facts.ts';
import { pictureSheet } from '../../main/evaluation/sheet.ts';
import { table } from '../../main/evaluation/words.ts';
import type { EvaluationExport } from './exports.ts';
import { targetRow, targetsOf } from './targets.ts';

export interface PublishedFile {
  readonly folder: 'results' | 'images';
  readonly name: string;
  readonly content: string | Uint8Array;
}

/** Wide enough for the eye, and a sixth of a PNG. */
const sheetQuality = 85;

/** Charts, sheets of `rows` prompts, the table of cells, and last the document that shows them. */
export async function* publicationOf({ name, report, records, pixels }: EvaluationExport, rows: number): AsyncGenerator<PublishedFile> {
  const charts = reportCharts(report);
  for (const chart of charts) yield { folder: 'images', name: `${name}-${chart.name}.svg`, content: chart.svg };
  const sheets: { title: string; file: string }[] = [];
  for (const { title, file, cells } of sheetPlan(report)) {
    const sheet = await pictureSheet({ cells, records, pixels, rows });
    if (sheet === null) continue;
    const small = `${name}-${file.replace('.png', '.webp')}`;
    yield { folder: 'images', name: small, content: await sharp(sheet).webp({ quality: sheetQuality }).toBuffer() };
    sheets.push({ title, file: `../images/${small}` });
  }
  yield { folder: 'results', name: `${name}.csv`, content: reportCsv(report) };
  const shown = charts.map((chart) => ({ title: chart.title, file: `../images/${name}-${chart.name}.svg` }));
  yield { folder: 'results', name: `${name}.md`, content: reportMarkdown(report, { charts: shown, sheets }) };
}

/**
 * The facts of the first `prompts` held-out prompts, of all cells of all evaluations.
 * @throws Error when they are not of the same models or settings; StudioError `invalid-input` when they contradict each other
 */
export function factsFile(evaluations: readonly EvaluationExport[], prompts: number): string {
  const published = evaluations.filter(({ report }) => report.request.prompts === 'held-out');
  const [first] = published;
  if (first === undefined) throw new Error('None of the evaluations is of the held-out prompts, whose facts are published.');
  for (const { name, report } of published) {
    if (!isDeepStrictEqual(conditions(report), conditions(first.report))) throw new Error(`${name} and ${first.name} were drawn with other settings of the reflection, on another device, or judged by another version of the evaluator.`);
  }
  const head: FactsHead = { version: 1, models: modelHashes(published), ...conditions(first.report) };
  return writeFacts(head, published.flatMap(({ records }) => records.filter(({ index }) => index < prompts)));
}

const conditions = ({ request: { reflection }, device, threads, runtime, evaluatorVersion }: EvaluationReport): Omit<FactsHead, 'version' | 'models'> => ({ reflection, device, threads, runtime, evaluatorVersion });

/** @throws Error naming a model that two evaluations have with other weights */
function modelHashes(evaluations: readonly EvaluationExport[]): Record<string, string> {
  const hashes = new Map<string, string>();
  for (const { name, report } of evaluations) {
    for (const { id, hash } of report.models) {
      if ((hashes.get(id) ?? hash) !== hash) throw new Error(`${name} has other weights of ${id} than the evaluations before it.`);
      hashes.set(id, hash);
    }
  }
  return Object.fromEntries([...hashes].sort());
}

/** All targets with what the evaluations say of them, and where to read on. @param further documents beside those of the evaluations */
export function resultsDocument(evaluations: readonly EvaluationExport[], further: readonly string[] = []): string {
  const rows = targetsOf(evaluations.map(({ report }) => report)).map(targetRow);
  return [
    '# Targets', 'Set before the models were trained. In brackets 95 % intervals. A dash at the end: nothing was wanted, or too little was measured to judge.',
    table(['what', 'wanted', 'measured', 'met'], rows),
    `In full: ${[...evaluations.map(({ name }) => name), ...further].map((name) => `[${name}](${name}.md)`).join(', ')}. Picture by picture: [facts.jsonl](facts.jsonl), `
    + 'with which `npm run studio -- evaluate` compares what it finds.',
  ].join('\n\n') + '\n';
}
