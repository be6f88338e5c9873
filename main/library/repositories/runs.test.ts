import { describe, expect, it } from 'vitest';
import type { RunState } from '../../contract/schemas.ts';
import { codeOf, openForTest, picture, sampleImage, sampleRun, temporaryDir } from '../test-support.ts';
import { hasEnded, mayBecome } from './run-state.ts';

describe('a run', () => {
  it('comes back as it was stored, from another connection too', async () => {
    const dir = temporaryDir();
    const library = await openForTest(dir);
    const run = library.runs.create(sampleRun({
      prompt: '红色的船 "on" the sea\n', negativePrompt: 'blur', guidance: 0, seed: 4294967295, sampler: 'w2sd',
      reflection: { steps: 3, weakGuidance: 0, guard: false }, student: null, warnings: [{ code: 'a', message: 'b' }],
    }));
    expect(run).toMatchObject({ state: 'queued', verdict: null, error: null, images: [], guidance: 0, seed: 4294967295 });
    const image = await library.storeImage({ ...sampleImage(run.id, { guidance: 0, prompt: run.prompt, ms: 0.125 }), picture: picture(1) });
    expect(library.runs.get(run.id)).toEqual({ ...run, images: [image] });
    library.close();
    const again = await openForTest(dir);
    expect(again.runs.get(run.id)).toEqual({ ...run, state: 'interrupted', images: [image] });
    expect(again.images.get(image.id)).toEqual(image);
  });

  it('keeps half a surrogate pair from making row and answer differ', async () => {
    const library = await openForTest(temporaryDir());
    const run = library.runs.create(sampleRun({ prompt: 'boat \ud800' }));
    expect(library.runs.get(run.id)).toEqual(run);
  });

  it('refuses values that the contract refuses and stores nothing', async () => {
    const library = await openForTest(temporaryDir());
    expect(await codeOf(() => library.runs.create(sampleRun({ seed: 0.5 })))).toBe('invalid-input');
    expect(await codeOf(() => library.runs.create(sampleRun({ guidance: Number.NaN })))).toBe('invalid-input');
    expect(await codeOf(() => library.runs.create(sampleRun({ sampler: 'ddim' as 'euler' })))).toBe('invalid-input');
    expect(library.runs.list().total).toBe(0);
  });

  it('ends once, with its error and all its warnings', async () => {
    const { runs } = await openForTest(temporaryDir());
    const { id } = runs.create(sampleRun({ warnings: [{ code: 'first', message: '1' }] }));
    runs.setState(id, 'running');
    const error = { code: 'out-of-memory', message: 'no', hint: 'fewer' };
    const failed = runs.setState(id, 'failed', { error, warnings: [{ code: 'second', message: '2' }] });
    expect(failed).toMatchObject({ state: 'failed', error, warnings: [{ code: 'first' }, { code: 'second' }] });
    expect(runs.get(id)).toEqual(failed);
    expect(await codeOf(() => runs.setState(id, 'running'))).toBe('invalid-input');
    expect(runs.setState(id, 'failed')).toEqual(failed);
    expect(await codeOf(() => runs.setState('none', 'running'))).toBe('not-found');
  });

  it('reaches an end from wherever it can be, and leaves none', () => {
    const states: RunState[] = ['queued', 'running', 'done', 'cancelled', 'failed', 'interrupted'];
    for (const state of states) {
      const onward = states.filter((to) => to !== state && mayBecome(state, to));
      expect(onward.length === 0).toBe(hasEnded(state));
    }
    expect(mayBecome('queued', 'done')).toBe(false);
  });

  it('is judged when it compares, and the verdict can be withdrawn', async () => {
    const { runs } = await openForTest(temporaryDir());
    const compare = runs.create(sampleRun());
    expect(runs.setVerdict(compare.id, 'both-bad').verdict).toBe('both-bad');
    expect(runs.get(compare.id).verdict).toBe('both-bad');
    expect(runs.setVerdict(compare.id, null).verdict).toBeNull();
    expect(runs.get(compare.id).verdict).toBeNull();
    const single = runs.create(sampleRun({ kind: 'generate' }));
    expect(await codeOf(() => runs.setVerdict(single.id, 'tie'))).toBe('invalid-input');
    expect(await codeOf(() => runs.setVerdict('none', 'tie'))).toBe('not-found');
  });
});

describe('the list', () => {
  it('is newest first, in pages, with the total of all of them', async () => {
    const { runs } = await openForTest(temporaryDir());
    const ids = Array.from({ length: 7 }, (_, i) => runs.create(sampleRun({ seed: i })).id).reverse();
    const first = runs.list({ limit: 3 });
    expect(first.runs.map((run) => run.id)).toEqual(ids.slice(0, 3));
    expect(first.total).toBe(7);
    const second = runs.list({ limit: 3, before: ids[2] });
    expect(second.runs.map((run) => run.id)).toEqual(ids.slice(3, 6));
    expect(second.total).toBe(7);
    runs.trash(ids[5]!);
    expect(runs.list({ limit: 3, before: ids[5] }).runs.map((run) => run.id)).toEqual(ids.slice(6));
    expect(await codeOf(() => runs.list({ before: 'none' }))).toBe('not-found');
  });

  it('hides the trash until a run is restored', async () => {
    const library = await openForTest(temporaryDir());
    const { runs } = library;
    const run = runs.create(sampleRun());
    const image = await library.storeImage({ ...sampleImage(run.id), picture: picture(1) });
    runs.trash(run.id);
    expect(runs.list()).toEqual({ runs: [], total: 0 });
    expect(await codeOf(() => runs.get(run.id))).toBe('not-found');
    expect(await codeOf(() => runs.trash(run.id))).toBe('not-found');
    expect(runs.restore(run.id)).toEqual({ ...run, images: [image] });
    expect(runs.list().total).toBe(1);
    expect(await codeOf(() => runs.restore(run.id))).toBe('not-found');
  });
});
