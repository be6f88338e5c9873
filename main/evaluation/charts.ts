// The charts of a report: quality and saturation against the guidance scale, quality against cost. SVG, and PNG where a picture is wanted.
// Pure but for the rasteriser; knows reports, and not how axes are drawn.
import sharp from 'sharp';
import type { CellResult, EvaluationReport, Interval } from '../contract/evaluation.ts';
import type { Sampler } from '../contract/schemas.ts';
import { plotSvg, type PlotPoint, type PlotSeries } from './plot.ts';
import { mean } from './statistics.ts';

export interface Chart {
  /** File name without ending. */
  readonly name: string;
  readonly title: string;
  readonly svg: string;
}

export const samplerNames: Readonly<Record<Sampler, string>> = { euler: 'Euler+CFG', 'z-sampling': 'Z-Sampling', w2sd: 'W2SD' };

/** Model and way of sampling, as legends and headings name it. */
export function seriesName({ model, kind, sampler, purpose }: CellResult): string {
  if (kind === 'student') return model;
  const name = `${model}, ${samplerNames[sampler]}`;
  if (purpose === 'equal-passes') return `${name} at equal passes`;
  return purpose === 'effective-scale' ? `${name} at the effective scale` : name;
}

/** The charts that the report has numbers for, in the order in which they are read. */
export function reportCharts(report: EvaluationReport): Chart[] {
  const judged = report.cells.filter(({ adherence }) => adherence.all !== null);
  const right = ({ adherence }: CellResult): Interval => adherence.all!.all;
  const reals = report.cells.flatMap(({ real }) => (real === null ? [] : [real.saturation]));
  const charts: Chart[] = [];
  const add = (name: string, title: string, plot: Omit<Parameters<typeof plotSvg>[0], 'title'>): void => {
    charts.push({ name, title, svg: plotSvg({ title, ...plot }) });
  };
  if (judged.length > 0) {
    const y = { label: 'pictures with all facts right, 95 % intervals', percent: true };
    const atScale = seriesOf(judged, (cell) => ({ x: shownGuidance(report, cell), y: right(cell).value, ...bounds(right(cell)) }), true);
    add('quality-guidance', 'Quality against the guidance scale', { x: { label: 'guidance scale γ' }, y, series: atScale });
    const best = bestOfSeries(judged, right);
    const named = (list: PlotSeries[]): PlotSeries[] => list.map((series) => ({ ...series, name: `${series.name}, best at γ ${best.get(series.name)!.guidance}` }));
    const weight = (cell: CellResult): { faint: boolean } => ({ faint: best.get(seriesName(cell)) !== cell });
    add('quality-passes', 'Quality against the number of passes', {
      x: { label: 'network evaluations of one picture (NFE)', log: true }, y,
      series: named(seriesOf(judged, (cell) => ({ x: cell.nfe, y: right(cell).value, ...bounds(right(cell)), ...weight(cell) }), false)),
    });
    add('quality-time', 'Quality against time', {
      x: { label: `milliseconds per picture (median; ${report.device}, ${report.threads} threads)`, log: true }, y,
      series: named(seriesOf(judged, (cell) => ({ x: cell.ms.value, left: cell.ms.low, right: cell.ms.high, y: right(cell).value, ...bounds(right(cell)), ...weight(cell) }), false)),
    });
  }
  add('saturation-guidance', 'Saturation against the guidance scale', {
    x: { label: 'guidance scale γ' }, y: { label: 'mean saturation (0 to 1), 95 % intervals' },
    series: seriesOf(report.cells, (cell) => ({ x: shownGuidance(report, cell), y: cell.saturation.value, ...bounds(cell.saturation) }), true),
    ...(reals.length > 0 && { levels: [{ y: mean(reals), name: 'real pictures of the same prompts' }] }),
  });
  return charts;
}

/** A chart as PNG bytes, at twice the size of its SVG. */
export async function chartPng({ svg }: Pick<Chart, 'svg'>): Promise<Uint8Array> {
  return new Uint8Array(await sharp(Buffer.from(svg), { density: 144 }).png({ compressionLevel: 9 }).toBuffer());
}

const bounds = ({ low, high }: Interval): { low: number; high: number } => ({ low, high });

function seriesOf(cells: readonly CellResult[], point: (cell: CellResult) => PlotPoint, joined: boolean): PlotSeries[] {
  return [...Map.groupBy(cells, seriesName)].map(([name, alike]) => ({ name, joined, dashed: alike[0]!.purpose !== 'asked', points: alike.map(point) }));
}

/** The scale under which a cell is shown: a control stands under that of what it controls, not under its own. */
export function shownGuidance({ cells, differences }: EvaluationReport, cell: CellResult): number {
  if (cell.purpose === 'asked') return cell.guidance;
  const controlled = differences.find(({ a }) => a === cell.key)?.b;
  return cells.find(({ key }) => key === controlled)?.guidance ?? cell.guidance;
}

function bestOfSeries(cells: readonly CellResult[], value: (cell: CellResult) => Interval): Map<string, CellResult> {
  return new Map([...Map.groupBy(cells, seriesName)].map(([name, alike]) => [name, alike.reduce((best, cell) => (value(cell).value > value(best).value ? cell : best))]));
}
