import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { EvaluatorTrust } from '../../main/contract/evaluation.ts';
import { evaluatorVersion, type Reading } from '../../main/storybook/evaluator.ts';
import { agreements, objectTallies, readingsDigest, sameFacts, summary, type SetAgreement } from './label-agreement.ts';
import { Label, labelSets, labelsFolder, readLabels, type LabelSet } from './label-files.ts';

interface Published extends EvaluatorTrust {
  labels: Record<LabelSet, SetAgreement>;
  readings: { version: number; digest: string };
}

// Some seconds on a free machine; the limit is for one that trains meanwhile.
describe('the hand labels', { timeout: 600_000 }, () => {
  it('are one for each picture, and each picture says how it was made', async () => {
    const files = await readdir(labelsFolder);
    const pictures = files.filter((name) => name.endsWith('.webp')).sort();
    const labels = (await Promise.all((Object.keys(labelSets) as LabelSet[]).map(readLabels))).flat();
    expect(labels.map(({ file }) => file).sort()).toEqual(pictures);
    const made = (await Promise.all(files.filter((name) => name.startsWith('prompts-')).map((name) => readFile(`${labelsFolder}/${name}`, 'utf8')))).join('');
    expect(made.split('\n').filter(Boolean).map((line) => (JSON.parse(line) as { file: string }).file).sort()).toEqual(pictures);
  });

  it('are at least a hundred that nothing was chosen on', async () => {
    for (const set of ['independent', 'final'] as const) expect((await readLabels(set)).length, set).toBeGreaterThanOrEqual(100);
  });

  it('agree with the evaluator as often as is published, and it reads what this version of it read', async () => {
    const published = JSON.parse(await readFile(new URL('../../resources/evaluator/trust.json', import.meta.url), 'utf8')) as Published;
    const [development, independent, final] = [await agreements('development'), await agreements('independent'), await agreements('final')];
    expect({ development: summary(development), independent: summary(independent), final: summary(final) }).toEqual(published.labels);
    expect(published.labelled).toEqual(published.labels.final.same);
    expect(published.labelled!.value).toBeGreaterThanOrEqual(0.95);
    expect({ version: evaluatorVersion, digest: readingsDigest([...final, ...independent, ...development]) }, 'a change of what the evaluator reads is a new evaluatorVersion').toEqual(published.readings);
  });

  it('refuse what the world does not have', () => {
    const line = { file: '000.webp', background: 'sky', objects: [{ kind: 'ball', colour: null, size: null, place: 'left' }], relation: null };
    expect(Label.safeParse(line).success).toBe(true);
    expect(Label.safeParse({ ...line, background: 'kitchen' }).success).toBe(false);
    expect(Label.safeParse({ ...line, extra: 1 }).success).toBe(false);
  });
});

describe('sameFacts', () => {
  const ball = { kind: 'ball', colour: 'red', size: 'small', place: null } as const;
  const house = { kind: 'house', colour: 'blue', size: 'medium', place: null } as const;
  const seen = (relation: Reading['relation'], ...objects: (typeof ball | typeof house)[]): Reading =>
    ({ background: 'sky', relation, objects: objects.map((object) => ({ ...object, x: 0.5, y: 0.5, radius: 0.1, confidence: 1 })) });

  it('takes objects in the order in which they agree', () => {
    const label: Label = { file: 'x', background: 'sky', objects: [ball, house], relation: 'left of' };
    expect(Object.values(sameFacts(label, seen('right of', house, ball)))).toEqual([true, true, true, true, true, null, true]);
    expect(sameFacts(label, seen('left of', house, ball))).toMatchObject({ kind: true, relation: false });
    const alike: Label = { ...label, objects: [ball, ball] };
    for (const relation of ['left of', 'right of'] as const) expect(sameFacts(alike, seen(relation, ball, ball))).toMatchObject({ kind: true, relation: true });
    expect(sameFacts(alike, seen('above', ball, ball))).toMatchObject({ kind: true, relation: false });
  });

  it('compares nothing of objects where their numbers differ, and silence with silence', () => {
    const label: Label = { file: 'x', background: null, objects: [], relation: null };
    expect(sameFacts(label, seen(null, ball))).toMatchObject({ background: false, count: false, kind: null, colour: null, relation: null });
    expect(sameFacts(label, { ...seen(null), background: null })).toMatchObject({ background: true, count: true, kind: null });
  });

  it('skips what the label leaves open when told so', () => {
    const label: Label = { file: 'x', background: null, objects: [{ ...ball, size: null }, { ...house, size: 'big' }], relation: null };
    expect(sameFacts(label, seen('left of', ball, house))).toMatchObject({ background: false, size: false, relation: false });
    expect(sameFacts(label, seen('left of', ball, house), 'skip')).toMatchObject({ background: null, count: true, colour: true, size: false, relation: null });
  });
});

describe('objectTallies', () => {
  const object = (kind: 'ball' | 'house', colour: 'red' | 'blue' | null) => ({ kind, colour, size: null, place: null });
  const reading = (...objects: ReturnType<typeof object>[]): Reading =>
    ({ background: null, relation: null, objects: objects.map((seen) => ({ ...seen, x: 0.5, y: 0.5, radius: 0.1, confidence: 1 })) });

  it('counts an object once on each side, with its colour where the person names one', () => {
    const label: Label = { file: 'x', background: null, relation: null, objects: [object('ball', 'red'), object('ball', 'red'), object('house', null)] };
    expect(objectTallies([{ label, reading: reading(object('ball', 'red'), object('house', 'blue')) }])).toEqual({ found: { right: 2, asked: 3 }, named: { right: 2, asked: 2 } });
    expect(objectTallies([{ label, reading: reading(object('ball', 'blue')) }])).toEqual({ found: { right: 0, asked: 3 }, named: { right: 0, asked: 1 } });
  });
});
