import { describe, expect, it } from 'vitest';
import type { ImageRecord, RunRecord } from '../../main/contract/schemas.ts';
import { accept, askToCancel, empty, imagesOf, isBusy, open, receive, refuse, start, type Comparison, type RunEvent } from './comparison-state.ts';

const run: RunRecord = {
  id: 'r1', kind: 'compare', state: 'queued', createdAt: '2026-01-01T00:00:00.000Z', prompt: 'a red boat', negativePrompt: '',
  guidance: 5, steps: 20, seed: 7, sampler: 'euler', reflection: {}, teacher: 'storybook', student: 'storybook-teefusion',
  count: 1, verdict: null, warnings: [], error: null, images: [],
};

function image(role: ImageRecord['role'], of = run.id): ImageRecord {
  return {
    id: `${of}-${role}`, run: of, role, model: 'storybook', modelHash: '', prompt: run.prompt, negativePrompt: '', guidance: 5,
    effectiveGuidance: 5, steps: 20, seed: 7, sampler: 'euler', reflection: {}, generator: 'torch-cpu', nfe: role === 'teacher' ? 40 : 20,
    ms: 1000, samplingMs: 900, decodeMs: 100, device: 'cpu', threads: 2, runtime: '', width: 128, height: 128, sha256: '',
    pixelSha256: '', createdAt: run.createdAt,
  };
}

const picture = { width: 1, height: 1, rgb: 'AAAA' };

function step(at: number, of = run.id, preview: typeof picture | null = picture): RunEvent {
  const data = { run: of, role: 'teacher', index: 0, step: at, steps: 20, nfe: at * 2, elapsedMs: at * 50, remainingMs: 50, preview } as const;
  return { event: 'run.step', data };
}

function pairOf(state: Comparison) {
  if (!('pair' in state)) throw new Error(`There is no pair in "${state.kind}".`);
  return state.pair;
}

describe('a comparison', () => {
  it('catches up with steps that were told before the call was answered, and with no other run’s', () => {
    const early = receive(receive(start(empty), step(1)), step(9, 'another'));
    const running = accept(early, run);
    expect(running.kind).toBe('running');
    expect(pairOf(running).teacher).toMatchObject({ step: 1, nfe: 2 });
  });

  it('is already over when its end was told before the answer', () => {
    const early = receive(start(empty), { event: 'run.ended', data: { run: { ...run, state: 'failed' } } });
    expect(accept(early, run).kind).toBe('shown');
  });

  it('keeps the last preview of a step that brings none, and the furthest step of those told twice', () => {
    const at3 = receive(receive(accept(start(empty), run), step(2)), step(3, run.id, null));
    expect(pairOf(at3).teacher).toMatchObject({ step: 3, preview: picture });
    expect(receive(at3, step(2))).toBe(at3);
  });

  it('shows each picture as soon as it is there, and both when the run has ended', () => {
    const running = receive(accept(start(empty), run), { event: 'run.image', data: { run: run.id, image: image('teacher') } });
    expect(pairOf(running).teacher).toMatchObject({ nfe: 40, elapsedMs: 1000, remainingMs: null });
    expect(pairOf(running).student.image).toBeNull();
    const record: RunRecord = { ...run, state: 'done', images: [image('teacher'), image('student')] };
    const ended = receive(running, { event: 'run.ended', data: { run: record } });
    expect(ended.kind).toBe('shown');
    expect(pairOf(ended).student.image?.id).toBe('r1-student');
    expect(isBusy(ended)).toBe(false);
  });

  it('keeps the pictures shown until now behind the next run, refused or not', () => {
    const shown = open({ ...run, state: 'done', images: [image('teacher'), image('student')] });
    const next = start(shown);
    expect(imagesOf(next).student?.id).toBe('r1-student');
    const refused = refuse(next, { code: 'busy', message: 'No more work now.' });
    expect(refused).toMatchObject({ kind: 'refused', previous: shown });
    expect(imagesOf(refused).teacher?.id).toBe('r1-teacher');
    expect(start(refused)).toMatchObject({ previous: shown });
  });

  it('still takes a verdict and a deletion of what a refusal has left standing', () => {
    const shown = open({ ...run, state: 'done', images: [image('teacher'), image('student')] });
    const refused = refuse(start(shown), { code: 'busy', message: 'No more work now.' });
    const judged = receive(refused, { event: 'run.changed', data: { run: { ...run, state: 'done', verdict: 'tie', images: [] } } });
    expect(judged).toMatchObject({ kind: 'refused', previous: { run: { verdict: 'tie' } } });
    expect(receive(refused, { event: 'run.deleted', data: { run: run.id } })).toMatchObject({ kind: 'refused', previous: empty });
  });

  it('remembers a cancel that was asked before the run had a name', () => {
    expect(accept(askToCancel(start(empty)), run)).toMatchObject({ kind: 'running', cancelling: true });
  });

  it('does not mix in the steps of another run, nor lose the shown one when another is deleted', () => {
    const shown = open({ ...run, state: 'done' });
    expect(receive(shown, step(4, 'another'))).toBe(shown);
    expect(receive(shown, { event: 'run.deleted', data: { run: 'another' } })).toBe(shown);
    expect(receive(shown, { event: 'run.deleted', data: { run: run.id } })).toEqual(empty);
  });

  it('puts the first picture of a one-model run on that model’s side', () => {
    const images = [{ ...image('single'), id: 'first' }, { ...image('single'), id: 'second' }];
    const generated = open({ ...run, kind: 'generate', state: 'done', teacher: null, images });
    expect(imagesOf(generated)).toMatchObject({ teacher: null, student: { id: 'first' } });
  });
});
