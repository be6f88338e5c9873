import { describe, expect, it } from 'vitest';
import { EvaluationReport, type CellResult, type Share } from '../../../main/contract/evaluation.ts';
import { groupCells, sortGroups } from './cell-rows.ts';
import { toCsv } from '../charts/csv.ts';
import { headlineOf } from './headline.ts';
import { columnsOf, limitsOf, ticksOf, walkOf, type PlotSeries } from '../charts/plot-data.ts';
import { figure, quantitiesOf, unitOf } from './quantities.ts';
import { seriesOf, shownScales } from './series.ts';

const share = (value: number): Share => ({ value, low: value - 0.1, high: value + 0.1, right: Math.round(value * 10), asked: 10 });

function cell(key: string, all: number | null, more: Partial<CellResult> = {}): CellResult {
  const adherence = all === null ? null : { facts: { colour: share(all) }, all: share(all) };
  return {
    key, purpose: 'asked', model: 'storybook', kind: 'teacher', sampler: 'euler', guidance: 3, effectiveGuidance: 3, steps: 20, nfe: 40, count: 10,
    adherence: { one: adherence, two: null, all: adherence }, frechet: null, memorised: null, saturation: share(0.5), contrast: share(0.2),
    real: null, ms: { value: 100, low: 90, high: 110 }, distanceToTeacher: null, scores: {}, ...more,
  };
}

const student = (key: string, all: number | null, more: Partial<CellResult> = {}) => cell(key, all, { model: 'pupil', kind: 'student', nfe: 20, ...more });
const difference = (a: string, b: string) => ({ a, b, pairs: 10, all: null, one: null, two: null, scores: {}, timeRatio: 1.7, nfeRatio: 2 });

function report(cells: CellResult[], differences: ReturnType<typeof difference>[] = []): EvaluationReport {
  return EvaluationReport.parse({
    version: 1, id: 'e', createdAt: '2026-01-01T00:00:00.000Z', request: { models: ['storybook'] }, models: [], device: 'cpu', threads: 2, runtime: '',
    evaluator: { renders: {}, corruptedMisread: share(0), labelled: null }, cells, differences, sliders: [], metrics: [{ id: 'clip', name: 'CLIP', higherIsBetter: true }], warnings: [],
  });
}

describe('the figures of a report', () => {
  it('are found by name, and offered only where a cell has them', () => {
    const scored = cell('a', 0.6, { scores: { clip: { value: 2, low: 1, high: 3 } } });
    expect(figure(scored, 'all')?.value).toBe(0.6);
    expect(figure(scored, 'fact:colour')?.value).toBe(0.6);
    expect(figure(scored, 'fact:size')).toBeNull();
    expect(figure(scored, 'score:clip')).toEqual({ value: 2, low: 1, high: 3 });
    expect(figure(scored, 'nfe')?.value).toBe(40);
    expect(quantitiesOf(report([scored]))).toEqual(['all', 'one', 'fact:colour', 'saturation', 'contrast', 'score:clip']);
    expect(quantitiesOf(report([cell('a', null)]))).toEqual(['saturation', 'contrast']);
    expect([unitOf('all'), unitOf('frechet'), unitOf('ms'), unitOf('nfe'), unitOf('score:clip')]).toEqual(['share', 'number', 'ms', 'passes', 'number']);
  });
});

describe('the headline', () => {
  const cells = [cell('t3', 0.7), cell('t5', 0.6, { guidance: 5 }), student('s3', 0.5), student('s5', 0.9, { guidance: 5 }), cell('half', 0.1, { purpose: 'equal-passes', steps: 10 })];

  it('speaks of the student at the scale where its teacher is best, not where the student is', () => {
    const headline = headlineOf(report(cells, [difference('half', 's3'), difference('t5', 's5'), difference('t3', 's3')]));
    expect(headline).toMatchObject({ subject: { key: 's3' }, teacher: { key: 't3' }, difference: { nfeRatio: 2 } });
  });

  it('speaks of the best model where no student stands beside its teacher, and of none where nothing was drawn', () => {
    expect(headlineOf(report(cells))).toMatchObject({ subject: { key: 's5' }, teacher: null });
    expect(headlineOf(report([cell('a', null), cell('b', null)]))).toMatchObject({ subject: { key: 'a' } });
    expect(headlineOf(report([cell('a', 0, { guidance: 1 }), cell('b', 0, { guidance: 4 }), cell('c', 0, { guidance: 9 })]))).toMatchObject({ subject: { key: 'b' } });
    expect(headlineOf(report([]))).toBeNull();
  });
});

describe('lines', () => {
  it('hold one way to make pictures each, by guidance, with the controls last and in the colour of what they control', () => {
    const series = seriesOf([
      cell('t5', 0.5, { guidance: 5 }), cell('half', 0.4, { purpose: 'equal-passes' }), cell('t3', 0.5), student('s3', 0.5),
      cell('z3', 0.5, { sampler: 'z-sampling' }),
    ]);
    expect(series.map(({ cells, colour }) => [cells.map(({ key }) => key), colour])).toEqual([
      [['t3', 't5'], 'teacher'], [['s3'], 'series-1'], [['z3'], 'series-2'], [['half'], 'teacher'],
    ]);
  });

  const line = (key: string, ...points: [number, number][]): PlotSeries => ({
    key, label: key, title: '', colour: 'teacher', dash: 'full', line: true, points: points.map(([x, y]) => ({ x, y, low: y, high: y, whisker: true, label: `${key}${x}` })),
  });

  it('share their x, and keep every point of a series that has several at one x', () => {
    const { x, points } = columnsOf([line('a', [1, 10], [3, 30], [3, 31]), line('b', [2, 20], [3, 32])]);
    expect(x).toEqual([1, 2, 3, 3]);
    expect(points.map((column) => column.map((point) => point?.y ?? null))).toEqual([[10, null, 30, 31], [null, 20, 32, null]]);
    expect(columnsOf([])).toEqual({ x: [], points: [] });
  });

  it('have ticks at values that occur, as far as they can be told apart', () => {
    expect(ticksOf([5, 1, 3, 3, 9], false)).toEqual([1, 3, 5, 9]);
    expect(ticksOf([20, 40, 41, 116], true)).toEqual([20, 40, 116]);
    expect(ticksOf([7], true)).toEqual([7]);
    expect(ticksOf([], false)).toEqual([]);
  });

  it('show controls under the scale of what they control', () => {
    const cells = [cell('z5', 0.5, { guidance: 5 }), cell('plain', 0.5, { guidance: 9.5, purpose: 'effective-scale' }), cell('t3', 0.5)];
    expect([...shownScales(cells)]).toEqual([['z5', 5], ['plain', 5], ['t3', 3]]);
  });

  it('are walked from left to right, without those that are hidden', () => {
    const both = [line('a', [1, 10], [3, 30]), line('b', [1, 20], [2, 32])];
    expect(walkOf(both, new Set())).toEqual([{ series: 0, point: 0 }, { series: 1, point: 0 }, { series: 1, point: 1 }, { series: 0, point: 1 }]);
    expect(walkOf(both, new Set(['b']))).toEqual([{ series: 0, point: 0 }, { series: 0, point: 1 }]);
  });

  it('leave room at both ends of an axis, whatever the values', () => {
    for (const values of [[], [5], [0], [0.2, 0.8], [Number.NaN, 3]]) {
      for (const log of [false, true]) {
        const [low, high] = limitsOf(values, log);
        expect(high).toBeGreaterThan(low);
        if (log) expect(low).toBeGreaterThan(0);
      }
    }
  });
});

describe('the table of cells', () => {
  const groups = groupCells([cell('a', 0.4), cell('a-control', 0.9, { purpose: 'effective-scale' }), cell('b', null), cell('c', 0.8)]);
  const order = (descending: boolean) => sortGroups(groups, (row) => figure(row, 'all')?.value ?? null, descending).map(({ cell: { key } }) => key);

  it('keeps controls beside what they control, and cells without a figure last, whichever way it is sorted', () => {
    expect(groups.map(({ controls }) => controls.length)).toEqual([1, 0, 0]);
    expect(order(true)).toEqual(['c', 'a', 'b']);
    expect(order(false)).toEqual(['a', 'c', 'b']);
    expect(sortGroups(groups, ({ model }) => model, true).map(({ cell: { key } }) => key)).toEqual(['a', 'b', 'c']);
  });
});

describe('a table as text', () => {
  it('quotes what would tear it', () => {
    expect(toCsv([['a,b', 'say "x"', 1.5], [null, true, 'two\nlines']])).toBe('"a,b","say ""x""",1.5\r\n,true,"two\nlines"\r\n');
  });
});
