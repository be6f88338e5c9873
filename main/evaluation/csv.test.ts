import { expect, it } from 'vitest';
import { reportCsv } from './csv.ts';
import { exampleReport } from './testing/example.ts';

/** Reads RFC 4180 the plain way. */
function parse(csv: string): Record<string, string>[] {
  expect(csv.endsWith('\r\n')).toBe(true);
  const rows = csv.slice(0, -2).split('\r\n').map((row) => [...row.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain!));
  const [header, ...body] = rows;
  for (const row of body) expect(row).toHaveLength(header!.length);
  expect(new Set(header).size).toBe(header!.length);
  return body.map((row) => Object.fromEntries(header!.map((name, i) => [name, row[i]!])));
}

it('has a row for each cell, with empty fields for what is not known', async () => {
  const report = await exampleReport({ request: { count: 4 } });
  const rows = parse(reportCsv(report));
  expect(rows.map(({ cell }) => cell)).toEqual(report.cells.map(({ key }) => key));
  expect(rows[3]).toMatchObject({
    cell: 'fast-euler-g3-s20', purpose: 'asked', model: 'fast', kind: 'student', sampler: 'euler', guidance: '3', effective_guidance: '3', steps: '20', nfe: '20',
    pictures: '4', all_facts: '0.5', fact_kind: '0.5', fact_kind_one_object: '0.5', fact_background_two_objects: '1', fact_colour: '', frechet: '', frechet_low: '', saturation_real: '0.4', score_looks: '4.5',
  });
  expect(Number(rows[3]!.distance_to_teacher)).toBeCloseTo(2 / 255, 6);
  expect(rows[0]!.distance_to_teacher).toBe('');
  expect(rows[4]!.purpose).toBe('equal-passes');
});

it('quotes what would break a row', async () => {
  const report = await exampleReport({ request: { count: 2 } });
  report.metrics.push({ id: 'a "b", c', name: 'Odd', higherIsBetter: true });
  report.cells[0]!.scores['a "b", c'] = { value: 1 / 3, low: 0, high: 1e-9 };
  const [row] = parse(reportCsv(report));
  expect(row).toMatchObject({ 'score_a "b", c': '0.333333', 'score_a "b", c_high': '1e-9' });
});
