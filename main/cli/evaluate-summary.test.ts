import { expect, it } from 'vitest';
import { exampleReport } from '../evaluation/testing/example.ts';
import { checkInWords, evaluationSummary, reproducedInWords } from './evaluate-summary.ts';

it('says cells, differences with their costs, sliders, and how far the judge can be trusted', { timeout: 120_000 }, async () => {
  const report = await exampleReport({ request: { count: 8, resamples: 100 } });
  const summary = evaluationSummary(report);
  const line = (start: string): string => summary.split('\n').find((one) => one.startsWith(start))!;
  expect(summary.split('\n').filter((one) => one.includes('story')).length).toBeGreaterThan(report.cells.length);
  expect(line('story  euler    3         10')).toContain('control: equal-passes');
  expect(line('fast-euler-g3-s20 − story-euler-g3-s20')).toMatch(/−12\.5 \(.*1\.64 \(.* 2\.00 +yes$/);
  expect(line('fast-euler-g1-s20 − story-euler-g1-s20')).toMatch(/1\.00 +–$/);
  expect(line('fast beside story')).toContain('Row minima on the diagonal: yes.');
  expect(line('  Agreement with labels')).toContain('not measured');
  expect(line('  Corrupted')).toContain('0.0 % (0.0–3.0) of 100');
  expect(summary).not.toMatch(/NaN|undefined|null/);
});

it('says how facts compare with published ones', () => {
  const comparison = { compared: 8, unpublished: 0, facts: 30, reproduced: 30, differences: [] };
  expect(checkInWords(comparison)).toBe('The facts of 8 pictures are as published.');
  expect(checkInWords({ ...comparison, unpublished: 2, differences: ['a #0: kind is wrong, published as right'] }))
    .toBe('1 of 8 pictures differ from the published facts; 2 pictures are not in the published file:\n  a #0: kind is wrong, published as right');
  expect(reproducedInWords({ ...comparison, reproduced: 29 })).toBe('29 of 30 published facts of 8 pictures are reproduced.');
});
