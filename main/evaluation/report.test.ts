import { beforeAll, describe, expect, it } from 'vitest';
import { EvaluationReport } from '../contract/evaluation.ts';
import { buildReport } from './report.ts';
import { exampleInput, exampleReport } from './testing/example.ts';

// Drawing the real pictures takes seconds where other work goes on.
const patience = { timeout: 120_000 };

describe('a report', patience, () => {
  let report: EvaluationReport;
  const cell = (key: string) => report.cells.find((candidate) => candidate.key === key)!;
  beforeAll(async () => { report = await exampleReport(); }, 120_000);

  it('is what the contract promises', () => {
    expect(EvaluationReport.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
    expect(report.models).toEqual([{ id: 'story', hash: 'hash-of-story' }, { id: 'fast', hash: 'hash-of-fast' }]);
    expect(report.cells.map(({ key }) => key)).toEqual(['story-euler-g1-s20', 'story-euler-g3-s20', 'fast-euler-g1-s20', 'fast-euler-g3-s20', 'story-euler-g3-s10']);
  });

  it('counts facts for one object, for two and for both', () => {
    // 36 prompts, one and two in turn; every third is wrong: 12 of 36, 6 of each kind.
    const { one, two, all } = cell('fast-euler-g3-s20').adherence;
    expect(all!.all).toMatchObject({ right: 24, asked: 36, value: 24 / 36 });
    expect(one!.all).toMatchObject({ right: 12, asked: 18 });
    expect(two!.all).toMatchObject({ right: 12, asked: 18 });
    expect(all!.facts).toMatchObject({ kind: { right: 24, asked: 36 }, background: { right: 36, asked: 36 } });
    expect(Object.keys(all!.facts)).toEqual(['background', 'count', 'kind']);
  });

  it('pairs a student with its teacher and each control with the student', () => {
    expect(report.differences.map(({ a, b }) => `${a} → ${b}`)).toEqual([
      'story-euler-g1-s20 → fast-euler-g1-s20', 'story-euler-g3-s20 → fast-euler-g3-s20', 'story-euler-g3-s10 → fast-euler-g3-s20',
    ]);
    // Wrong are 0, 4, 8, … and 0, 3, 6, …: 9 and 12 of 36.
    const difference = report.differences[1]!;
    expect(difference).toMatchObject({ pairs: 36, nfeRatio: 2, timeRatio: 18 / 11, timeRange: { low: 19 / 12, high: 1.7 }, scores: { looks: { value: 0, low: 0, high: 0 } } });
    expect(difference.all!.value).toBeCloseTo(-3 / 36, 12);
    expect(difference.all!.low).toBeLessThan(-3 / 36);
    expect(difference.one!.value).toBeCloseTo((12 - 9) / 18, 12);
    expect(difference.two!.value).toBeCloseTo((12 - 18) / 18, 12);
  });

  it('measures pixels: distance to the teacher, copies, and the slider', () => {
    expect(cell('fast-euler-g3-s20').distanceToTeacher!.value).toBeCloseTo(2 / 255, 12);
    expect(cell('story-euler-g3-s20').distanceToTeacher).toBeNull();
    // Level 60 is a training picture, and 62 is near enough for two objects.
    expect(cell('story-euler-g3-s20').memorised).toMatchObject({ right: 36, asked: 36 });
    expect(cell('fast-euler-g3-s20').memorised).toMatchObject({ right: 18, asked: 36 });
    expect(cell('fast-euler-g1-s20').memorised).toMatchObject({ right: 0, asked: 36 });
    expect(report.sliders).toHaveLength(1);
    const [slider] = report.sliders;
    expect(slider).toMatchObject({ student: 'fast', teacher: 'story', guidance: [1, 3], diagonal: true });
    expect(slider!.distances.flat().map((d) => d * 255)).toEqual([2, 38, 42, 2].map((d) => expect.closeTo(d, 9)));
    expect(slider!.saturation).toEqual({ correlation: expect.closeTo(1, 9), meanGap: expect.closeTo(0, 9) });
    expect(slider!.adherence).toEqual({ correlation: null, meanGap: expect.closeTo(3 / 36, 9) });
  });

  it('sets pictures beside the real ones of their prompts', () => {
    const { saturation, real, frechet, ms, nfe, scores } = cell('fast-euler-g3-s20');
    expect(saturation.value).toBeCloseTo(0.305, 9);
    expect(real).toEqual({ saturation: expect.closeTo(0.4, 9), contrast: expect.closeTo(0.3, 9) });
    expect(frechet!.low < frechet!.value && frechet!.value < frechet!.high).toBe(true);
    expect(ms).toEqual({ value: 11, low: 10, high: 12 });
    expect(nfe).toBe(20);
    expect(scores.looks!.value).toBeCloseTo(17.5 + 3, 9);
  });

  it('is the same again, whatever the order of the records', async () => {
    expect(await exampleReport({ change: ({ records }) => ({ records: [...records].reverse() }) })).toEqual(report);
  });
});

describe('a report of less', patience, () => {
  it('covers the prompts that every cell has drawn, and says so', async () => {
    const report = await exampleReport({ change: ({ records, cells }) => ({
      records: records.filter(({ index, cell }) => index < 9 || (index === 9 && cell !== cells.at(-1)!.key)),
    }) });
    expect(report.cells.map(({ count }) => count)).toEqual([9, 9, 9, 9, 9]);
    expect(report.cells.every(({ frechet }) => frechet === null)).toBe(true);
    expect(report.warnings).toEqual([{ code: 'unfinished', message: 'The report covers the 9 of 36 prompts that were drawn in every cell.' }]);
  });

  it('is none before a prompt is drawn in every cell', async () => {
    expect(await buildReport(exampleInput({ change: ({ records }) => ({ records: records.slice(0, 4) }) }))).toBeNull();
  });

  it('leaves out what cannot be told of other worlds', async () => {
    const prompts = Array.from({ length: 33 }, (_, i) => ({ prompt: `nebula ${i}`, seed: i }));
    const report = await exampleReport({ request: { prompts, controls: false } });
    for (const { adherence, frechet, memorised, real, saturation, distanceToTeacher } of report.cells.slice(2)) {
      expect({ adherence, frechet, memorised, real }).toEqual({ adherence: { one: null, two: null, all: null }, frechet: null, memorised: null, real: null });
      expect(saturation.value).toBeGreaterThan(0);
      expect(distanceToTeacher).not.toBeNull();
    }
    expect(report.differences[0]).toMatchObject({ all: null, one: null, two: null });
    expect(report.sliders[0]!.adherence).toBeNull();
    EvaluationReport.parse(report);
  });

  it('drops a metric that is missing somewhere only there', async () => {
    const report = await exampleReport({ request: { count: 4 }, change: ({ records }) => ({
      records: records.map((record) => (record.cell === 'fast-euler-g3-s20' && record.index === 2 ? { ...record, scores: {} } : record)),
    }) });
    expect(report.cells.map(({ scores }) => Object.keys(scores).length)).toEqual([1, 1, 1, 0, 1]);
    expect(report.differences.map(({ scores }) => Object.keys(scores).length)).toEqual([1, 0, 0]);
  });

  it('stops where it is told to', async () => {
    await expect(buildReport(exampleInput({ change: () => ({ signal: AbortSignal.abort() }) }))).rejects.toMatchObject({ code: 'cancelled' });
  });
});

it('compares a fused student with the baseline that learned the same', patience, async () => {
  const report = await exampleReport({ request: { models: ['fast', 'plain'], guidance: [3], count: 2, controls: false } });
  expect(report.differences.map(({ a, b }) => [a, b])).toEqual([['plain-euler-g3-s20', 'fast-euler-g3-s20']]);
  expect(report.sliders).toEqual([]);
});

it('sees a slider that does nothing', patience, async () => {
  const report = await exampleReport({ request: { count: 2, controls: false }, change: ({ pixels }) => ({
    pixels: (record) => pixels(record.cell.startsWith('fast') ? { ...record, cell: 'fast-euler-g3-s20' } : record),
  }) });
  expect(report.sliders[0]).toMatchObject({ diagonal: false });
});
