import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { EvaluationReport } from '../contract/evaluation.ts';
import { reportMarkdown, sheetPlan } from './document.ts';
import { reportFiles } from './files.ts';
import type { PictureRecord } from './record.ts';
import { pictureSheet } from './sheet.ts';
import { exampleInput, exampleReport, plainPicture, type ExampleOptions } from './testing/example.ts';

const patience = { timeout: 120_000 };
const none = { charts: [], sheets: [] };

async function raw(png: Uint8Array): Promise<(x: number, y: number) => number[]> {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return (x, y) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
}

describe('the sheet of pictures', patience, () => {
  const input = exampleInput({ request: { count: 3, controls: false } });

  it('has prompts down and cells across, enlarged where they are small, with a red corner where a fact is wrong', async () => {
    const sheet = (await pictureSheet(input))!;
    const { width, height } = await sharp(sheet).metadata();
    // Four cells and three prompts of 64 pixels, drawn twice as large.
    expect([width, height]).toEqual([200 + 4 * 134 + 6, 58 + 3 * 134 + 6]);
    const at = await raw(sheet);
    expect(at(210, 68)).toEqual([20, 20, 20]);
    expect(at(200 + 3 * 134 + 10, 58 + 2 * 134 + 100)).toEqual([62, 62, 62]);
    const corner = (row: number, column: number): number[] => at(200 + column * 134 + 120, 58 + row * 134 + 1);
    expect(corner(0, 0)[0]).toBeGreaterThan(180);
    expect(corner(0, 0)[1]).toBeLessThan(80);
    expect(corner(1, 0)).toEqual([20, 20, 20]);
  });

  it('leaves room for what is not drawn yet, and is none without pictures', async () => {
    const some = input.records.filter(({ cell, index }) => index === 1 && cell.startsWith('fast'));
    const at = await raw((await pictureSheet({ ...input, records: some }))!);
    expect(at(210, 68)).toEqual([255, 255, 255]);
    expect(at(200 + 2 * 134 + 10, 68)).toEqual([22, 22, 22]);
    expect(await pictureSheet({ ...input, records: [] })).toBeNull();
  });

  it('takes long prompts, odd characters and pictures of other sizes', async () => {
    const odd = input.records.map((record): PictureRecord => ({ ...record, prompt: `<${'lang '.repeat(300)}&${'x'.repeat(900)}` }));
    const sheet = await pictureSheet({ ...input, records: odd, rows: 2, pixels: async ({ index }) => plainPicture(9, index === 0 ? 16 : 200) });
    expect((await sharp(sheet!).metadata()).height).toBe(58 + 2 * 206 + 6);
  });
});

describe('the document', patience, () => {
  const tables = (markdown: string): string[][][] => markdown.split('\n\n').filter((block) => block.startsWith('|'))
    .map((block) => block.split('\n').map((row) => row.slice(2, -2).split(' | ')));
  const options: ExampleOptions = { request: { count: 8, samplers: ['euler', 'z-sampling'] } };

  it('holds every cell and difference, and the command that makes it again', async () => {
    const report = await exampleReport(options);
    const markdown = reportMarkdown(report, { charts: [{ title: 'C', file: 'c.svg' }], sheets: [{ title: 'S', file: 's.png' }] });
    const [facts, one, two, measures, differences, slider] = tables(markdown);
    for (const rows of [facts!, one!, two!, measures!]) expect(rows.slice(2).map((row) => row[1])).toEqual(report.cells.map(({ guidance }) => String(guidance)));
    expect(differences).toHaveLength(2 + report.differences.length);
    expect(slider!.slice(2).map((row) => row.map((cell) => cell.startsWith('**')))).toEqual([[true, true, false], [true, false, true]]);
    expect(one!.map((row) => row.at(-1))).toEqual(['kind', '---:', ...report.cells.map(({ adherence }) => expect.stringContaining(`${(100 * adherence.one!.facts.kind!.value).toFixed(1)} % (`))]);
    expect(differences![0]!.slice(-4)).toEqual(['time ratio', 'NFE ratio', '≥ 0.75 ×', 'Looks']);
    expect(differences![2]!.slice(-4, -1)).toEqual(['1.00 (1.00–1.00)', '2.00', 'no']);
    for (const rows of [facts!, one!, two!, measures!, differences!, slider!]) expect(rows.every((row) => row.length === rows[0]!.length)).toBe(true);
    expect(markdown).toContain('npm run studio -- evaluate --models story,fast --guidance 1,3 --sampler euler,z-sampling --steps 20 --prompts held-out --count 8 --resamples 200\n');
    expect(markdown).toContain('![C](c.svg)');
    expect(markdown).toContain('![S](s.png)');
    expect(markdown).toContain('↳ story, Euler+CFG at the effective scale');
    expect(markdown).toContain('| −12.5 (');
    expect(markdown).not.toMatch(/NaN|undefined|null/);
  });

  it('says what must be known, and lets nothing be read as markup', async () => {
    const report: EvaluationReport = await exampleReport({ request: { prompts: [{ prompt: 'nebula', seed: 1 }], controls: false } });
    report.warnings.push({ code: 'x', message: 'The metric <i>a|b</i>\n# was *dropped*.' });
    report.metrics[0]!.name = 'a|b';
    const markdown = reportMarkdown(report, none);
    expect(markdown).toContain('- The metric \\<i\\>a|b\\</i\\> \\# was \\*dropped\\*.');
    expect(markdown).toContain('| a\\|b ↑ |');
    expect(markdown).toContain('no facts could be read');
    expect(markdown).not.toContain('## Charts');
  });

  it('repeats settings of the reflection', async () => {
    const report = await exampleReport({ request: { count: 1, controls: false, reflection: { steps: 3, inversionGuidance: 0, guard: false } } });
    expect(reportMarkdown(report, none)).toContain('--no-controls --reflection-steps 3 --inversion-guidance 0 --no-guard\n');
  });
});

describe('the files of a report', patience, () => {
  it('are complete, and the document names only what is there', async () => {
    const input = exampleInput({ request: { count: 2 } });
    const report = await exampleReport({ request: { count: 2 } });
    const files = new Map<string, string | Uint8Array>();
    for await (const { name, content } of reportFiles(report, input.records, input.pixels)) files.set(name, content);
    expect([...files.keys()].filter((name) => !/^(quality|saturation)-/.test(name))).toEqual(['report.json', 'report.csv', 'sheet.png', 'report.md']);
    expect(JSON.parse(files.get('report.json') as string)).toEqual(report);
    const named = [...(files.get('report.md') as string).matchAll(/!\[[^\]]*\]\(([^)]*)\)/g)].map(([, name]) => name!);
    expect(named).toHaveLength(5);
    for (const name of named) expect(files.has(name)).toBe(true);
  });

  it('have a sheet for each scale where one would be too wide', async () => {
    const report = await exampleReport({ request: { count: 1, guidance: [1, 3, 5, 7], samplers: ['euler', 'z-sampling'] } });
    const plan = sheetPlan(report);
    expect(plan.map(({ file }) => file)).toEqual(['sheet-g1.png', 'sheet-g3.png', 'sheet-g5.png', 'sheet-g7.png']);
    expect(plan.flatMap(({ cells }) => cells.map(({ key }) => key)).sort()).toEqual(report.cells.map(({ key }) => key).sort());
  });
});
