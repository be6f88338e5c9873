// The files of a report for a folder of a person's choice: JSON, CSV, charts, sheets and the document that shows them.
// Makes their content and writes nothing.
import type { EvaluationReport } from '../contract/evaluation.ts';
import { chartPng, reportCharts } from './charts.ts';
import { reportCsv } from './csv.ts';
import { reportMarkdown, sheetPlan } from './document.ts';
import type { PictureRecord, ReadPixels } from './record.ts';
import { pictureSheet } from './sheet.ts';

export interface ReportFile {
  readonly name: string;
  /** Text is to be written as UTF-8. */
  readonly content: string | Uint8Array;
}

/**
 * One file after the other, so that no more than one picture is held: `report.json`, `report.csv`, each chart as SVG and PNG,
 * `sheet….png`, and last `report.md`, which refers to them.
 * @throws what reading the pixels throws
 */
export async function* reportFiles(report: EvaluationReport, records: readonly PictureRecord[], pixels: ReadPixels): AsyncGenerator<ReportFile> {
  yield { name: 'report.json', content: `${JSON.stringify(report, null, 2)}\n` };
  yield { name: 'report.csv', content: reportCsv(report) };
  const charts = reportCharts(report);
  for (const chart of charts) {
    yield { name: `${chart.name}.svg`, content: chart.svg };
    yield { name: `${chart.name}.png`, content: await chartPng(chart) };
  }
  const sheets: { title: string; file: string }[] = [];
  for (const { title, file, cells } of sheetPlan(report)) {
    const content = await pictureSheet({ cells, records, pixels });
    if (content === null) continue;
    sheets.push({ title, file });
    yield { name: file, content };
  }
  yield { name: 'report.md', content: reportMarkdown(report, { charts: charts.map(({ title, name }) => ({ title, file: `${name}.svg` })), sheets }) };
}
