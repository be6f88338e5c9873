// What is published of evaluations, from a made-up one: files that name each other, facts that belong together, targets judged.
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { readFacts } from '../../main/evaluation/facts.ts';
import { exampleInput, exampleReport } from '../../main/evaluation/testing/example.ts';
import { namedFolders, type EvaluationExport } from './exports.ts';
import { factsFile, publicationOf, resultsDocument } from './publication.ts';
import { targetsOf } from './targets.ts';

const request = { guidance: [1, 2, 4, 7], count: 6 };
let evaluation: EvaluationExport;
beforeAll(async () => {
  const { records, pixels } = exampleInput({ request });
  evaluation = { name: 'small', dir: '', report: await exampleReport({ request }), records: records.map((record) => ({ ...record, features: null })), pixels };
}, 120_000);

describe('a publication', { timeout: 120_000 }, () => {
  it('has a document that names the files beside it, and no picture larger than it must be', async () => {
    const files = new Map<string, string | Uint8Array>();
    for await (const { folder, name, content } of publicationOf(evaluation, 2)) files.set(`${folder}/${name}`, content);
    const named = [...(files.get('results/small.md') as string).matchAll(/!\[[^\]]*\]\(\.\.\/([^)]*)\)/g)].map(([, name]) => name!);
    expect([...files.keys()].filter((name) => name.startsWith('images/')).sort()).toEqual([...named].sort());
    expect(named).toHaveLength(5);
    const sheet = files.get('images/small-sheet.webp') as Uint8Array;
    expect((await sharp(sheet).metadata()).format).toBe('webp');
    expect(files.get('results/small.csv')).toContain('fast-euler-g7-s20');
  });

  it('has the facts of the first prompts of all evaluations, once', () => {
    const { head, pictures } = readFacts(factsFile([evaluation, { ...evaluation, name: 'again' }], 4));
    expect(head).toMatchObject({ models: { story: 'hash-of-story', fast: 'hash-of-fast' }, reflection: {}, device: 'cpu' });
    expect(pictures).toHaveLength(4 * evaluation.report.cells.length);
  });

  it('is refused for evaluations of different weights or settings, or of prompts that nobody else has', () => {
    const changed = (more: Partial<EvaluationExport['report']>): EvaluationExport => ({ ...evaluation, name: 'other', report: { ...evaluation.report, ...more } });
    expect(() => factsFile([evaluation, changed({ models: [{ id: 'story', hash: 'new' }] })], 4)).toThrow('other has other weights of story');
    expect(() => factsFile([evaluation, changed({ request: { ...evaluation.report.request, reflection: { weakGuidance: 0 } } })], 4)).toThrow('other settings');
    expect(() => factsFile([evaluation, changed({ evaluatorVersion: 1 })], 4)).toThrow('another version of the evaluator');
    expect(() => factsFile([changed({ request: { ...evaluation.report.request, prompts: 'known' } })], 4)).toThrow('held-out');
  });

  it('is named by hand', () => {
    expect(namedFolders(['a-1=/x/y'])).toEqual([{ name: 'a-1', dir: '/x/y' }]);
    for (const given of [['/x/y'], ['A=/x'], ['a='], ['../a=/x'], ['a=/x', 'a=/y']]) expect(() => namedFolders(given)).toThrow();
  });
});

describe('the targets', { timeout: 120_000 }, () => {
  it('are judged where enough was measured, and never on fewer pairs than were promised', async () => {
    const targets = targetsOf([evaluation.report]);
    const found = (words: string) => targets.filter(({ what }) => what.startsWith(words));
    // Of the teacher's pictures every fourth is wrong: prompts 0 and 4 of 6, both of one object.
    expect(found('every fact right, one object')).toMatchObject([{ wanted: '≥ 85 %', measured: expect.stringContaining('33.3 %'), met: false }]);
    expect(found('every fact right, two objects')).toMatchObject([{ measured: expect.stringContaining('100.0 %'), met: true }]);
    expect(found('object; story')).toMatchObject([{ wanted: '≥ 93 %', met: false }]);
    // Wrong are 0 and 4 of the teacher's and 0 and 3 of the student's.
    expect(found('fast − story-euler-g7-s20')).toMatchObject([{ wanted: '≥ −2 points, 1000 pairs', measured: expect.stringMatching(/^0\.0 /), met: null }]);
    expect(found('fast − story-euler-g1-s20')).toHaveLength(1);
    expect(found('fast − story-euler-g4-s20')).toHaveLength(0);
    expect(found('time of story-euler-g7-s20 over fast')).toMatchObject([{ wanted: '≥ 1.50 = 0.75 × NFE ratio 2.00', measured: expect.stringContaining('1.64'), met: true }]);
    expect(found('fast is nearest to story')).toMatchObject([{ met: true }]);
    expect(found('evaluator, kind')).toMatchObject([{ wanted: '≥ 99 %', measured: '99.0 % (98.0–100.0) of 100', met: true }]);
    const many = { ...evaluation.report, differences: evaluation.report.differences.map((one) => ({ ...one, pairs: 1000 })) };
    expect(targetsOf([evaluation.report, many])).toHaveLength(targets.length);
    expect(targetsOf([evaluation.report, many]).find(({ what }) => what.startsWith('fast − story-euler-g7-s20'))).toMatchObject({ met: true });
    // A control that happens to have the student's scale and steps is not its own teacher.
    const { cells } = evaluation.report;
    const control = { ...evaluation.report, cells: cells.map((cell) => (cell.key === 'story-euler-g1-s20' ? { ...cell, purpose: 'effective-scale' as const } : cell)) };
    expect(targetsOf([control]).filter(({ what }) => what.startsWith('fast − story-euler-g1-s20'))).toHaveLength(0);
    const fewer = { ...evaluation.report, sliders: evaluation.report.sliders.map((slider) => ({ ...slider, guidance: [1, 2, 3, 7] })) };
    expect(targetsOf([fewer]).filter(({ what }) => what.includes('at its own scale (1, 2, 3, 7;'))).toMatchObject([{ met: null }]);
    expect(resultsDocument([evaluation])).toContain('In full: [small](small.md). ');
  });
});
