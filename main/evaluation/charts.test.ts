import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import type { EvaluationReport } from '../contract/evaluation.ts';
import { chartPng, reportCharts, shownGuidance } from './charts.ts';
import { escapeXml, plotSvg, type Plot } from './plot.ts';
import { exampleReport } from './testing/example.ts';

const patience = { timeout: 120_000 };
const plot = (more: Partial<Plot> = {}): Plot => ({
  title: 'T', x: { label: 'x' }, y: { label: 'y' }, series: [{ name: 's', joined: true, points: [{ x: 1, y: 0.2 }, { x: 3, y: 0.6, low: 0.5, high: 0.7 }] }], ...more,
});
const ticks = (svg: string): string[] => [...svg.matchAll(/text-anchor="(?:middle|end)">([^<]*)</g)].map(([, content]) => content!);

describe('a plot', patience, () => {
  it('has ticks at round numbers, within shares no more than 0 to 100 %', () => {
    expect(ticks(plotSvg(plot()))).toEqual(['1', '1.5', '2', '2.5', '3', '0.2', '0.3', '0.4', '0.5', '0.6', '0.7', 'x', 'y']);
    const shares = plot({ y: { label: 'y', percent: true }, series: [{ name: 's', joined: false, points: [{ x: 1, y: 0 }, { x: 2, y: 1 }] }] });
    expect(ticks(plotSvg(shares))).toContain('100 %');
    expect(ticks(plotSvg(shares)).some((tick) => Number.parseFloat(tick) > 100 || Number.parseFloat(tick) < 0)).toBe(false);
  });

  it('can be logarithmic, from passes to seconds', () => {
    const log = (xs: number[]) => plot({ x: { label: 'x', log: true }, series: [{ name: 's', joined: false, points: xs.map((x) => ({ x, y: 1 })) }] });
    expect(ticks(plotSvg(log([20, 120])))).toEqual(expect.arrayContaining(['20', '30', '40', '60', '80', '100']));
    expect(ticks(plotSvg(log([1, 1e6])))).toEqual(expect.arrayContaining(['1', '10', '1000000']));
    expect(() => plotSvg(log([0, 1]))).toThrow(RangeError);
  });

  it('shows a single point, and refuses none', async () => {
    const svg = plotSvg(plot({ series: [{ name: 's', joined: true, points: [{ x: 0, y: 0 }] }] }));
    expect(svg).not.toMatch(/NaN|Infinity/);
    expect((await sharp(Buffer.from(svg)).metadata()).width).toBe(760);
    expect(() => plotSvg(plot({ series: [] }))).toThrow(RangeError);
  });

  it('is well-formed whatever names it is given', async () => {
    const odd = '<b>&"\u0001\ud800]]>';
    const svg = plotSvg(plot({ title: odd, series: [{ name: odd, joined: true, points: [{ x: 1, y: 1 }] }] }));
    expect((await sharp(Buffer.from(svg)).metadata()).format).toBe('svg');
    expect(escapeXml(odd)).toBe('&#60;b&#62;&#38;&#34;??]]&#62;');
    expect(escapeXml('größer 🙂')).toBe('größer 🙂');
  });
});

describe("a report's charts", patience, () => {
  let report: EvaluationReport;
  beforeAll(async () => { report = await exampleReport({ request: { count: 6, guidance: [1, 3, 5], samplers: ['euler', 'z-sampling'] } }); }, 120_000);

  it('show quality and saturation against the scale, and quality against cost', () => {
    const charts = reportCharts(report);
    expect(charts.map(({ name }) => name)).toEqual(['quality-guidance', 'quality-passes', 'quality-time', 'saturation-guidance']);
    for (const { svg, title } of charts) {
      expect(svg).toContain(title);
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
      for (const name of ['story, Euler+CFG', 'story, Z-Sampling', 'story, Euler+CFG at the effective scale', 'story, Euler+CFG at equal passes', 'fast']) expect(svg).toContain(`>${name}`);
    }
    expect(charts[3]!.svg).toContain('real pictures of the same prompts');
    expect(charts[2]!.svg).toContain('cpu, 2 threads');
  });

  it('put a control under the scale of what it controls', () => {
    const control = report.cells.find(({ purpose }) => purpose === 'effective-scale')!;
    expect([control.guidance, shownGuidance(report, control)]).toEqual([1.5, 1]);
    expect(report.cells.map((cell) => shownGuidance(report, cell)).every((scale) => [1, 3, 5].includes(scale))).toBe(true);
  });

  it('become pictures of twice the size', async () => {
    const png = await chartPng(reportCharts(report)[0]!);
    const { format, width, channels } = await sharp(png).metadata();
    expect({ format, width }).toEqual({ format: 'png', width: 1520 });
    // White paper with coloured curves on it.
    expect((await sharp(png).stats()).channels.slice(0, 3).every(({ mean, stdev }) => mean > 200 && stdev > 5)).toBe(true);
    expect(channels).toBeGreaterThanOrEqual(3);
  });

  it('leave out quality where it cannot be judged', async () => {
    const other = await exampleReport({ request: { prompts: [{ prompt: 'nebula', seed: 1 }], controls: false } });
    expect(reportCharts(other).map(({ name }) => name)).toEqual(['saturation-guidance']);
  });
});
