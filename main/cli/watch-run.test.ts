import { describe, expect, it } from 'vitest';
import type { EventName } from '../contract/contract.ts';
import type { Result } from '../contract/errors.ts';
import { RunRecord } from '../contract/schemas.ts';
import { Progress, progressLine } from './progress.ts';
import { finishedRun, type RunSource } from './watch-run.ts';

const record = (fields: Partial<RunRecord>): RunRecord => RunRecord.parse({
  id: 'r1', kind: 'compare', state: 'queued', createdAt: '2026-01-01T00:00:00Z', prompt: 'a boat', negativePrompt: '', guidance: 5, steps: 20,
  seed: 7, sampler: 'euler', reflection: {}, teacher: 'storybook', student: 'storybook-teefusion', count: 1, verdict: null, warnings: [],
  error: null, images: [], ...fields,
});
const step = (fields: object) => ({
  run: 'r1', role: 'teacher' as const, index: 0, step: 5, steps: 20, nfe: 10, elapsedMs: 500, remainingMs: 1500, preview: null, ...fields,
});

/** A studio whose events the test sends by hand. */
function source() {
  const listeners = new Map<EventName, Set<(data: never) => void>>();
  const called: { name: string; input: unknown }[] = [];
  let lose: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => (lose = resolve));
  const studio: RunSource = {
    gone,
    on(name, listener) {
      const set = listeners.get(name) ?? new Set();
      listeners.set(name, set.add(listener as (data: never) => void));
      return () => set.delete(listener as (data: never) => void);
    },
    async call(name, input) {
      called.push({ name, input });
      return { ok: true, value: {} } as Result<never>;
    },
  };
  const emit = (name: EventName, data: unknown) => listeners.get(name)?.forEach((listener) => listener(data as never));
  const listening = () => [...listeners.values()].reduce((sum, set) => sum + set.size, 0);
  return { studio, emit, called, lose, listening };
}

function watch(tty = false) {
  const written: string[] = [];
  const stream = { write: (text: string) => written.push(text) > 0, isTTY: tty, columns: 60 } as unknown as NodeJS.WriteStream;
  const controller = new AbortController();
  return { progress: new Progress(stream), signal: controller.signal, abort: () => controller.abort(), written };
}

const started = async (): Promise<Result<RunRecord>> => ({ ok: true, value: record({}) });

describe('following a run', () => {
  it('ends with its record, and shows its own steps only', async () => {
    const { studio, emit, listening } = source();
    const seen = watch();
    const run = finishedRun(studio, started, seen);
    await Promise.resolve();
    await Promise.resolve();
    emit('run.step', step({ run: 'another', role: 'single' }));
    emit('run.step', step({}));
    emit('run.ended', { run: record({ id: 'another', state: 'failed' }) });
    emit('run.ended', { run: record({ state: 'done' }) });
    expect((await run).state).toBe('done');
    expect(seen.written).toEqual(['teacher: 20 steps\n']);
    expect(listening()).toBe(0);
  });

  it('does not miss a run that has ended before the answer is here', async () => {
    const { studio, emit } = source();
    const run = finishedRun(studio, async () => {
      emit('run.ended', { run: record({ state: 'done' }) });
      return started();
    }, watch());
    expect((await run).state).toBe('done');
  });

  it.each([
    [{ state: 'failed', error: { code: 'out-of-memory', message: 'Too big.', hint: 'Use fewer.' } }, { code: 'out-of-memory', message: 'Too big.', hint: 'Use fewer.' }],
    [{ state: 'failed', error: { code: 'of-the-future', message: 'Odd.' } }, { code: 'internal', message: 'Odd.' }],
    [{ state: 'interrupted', error: null }, { code: 'internal' }],
    [{ state: 'cancelled' }, { code: 'cancelled' }],
  ] as const)('that ends badly throws what went wrong: %j', async (fields, expected) => {
    const { studio, emit, listening } = source();
    const run = finishedRun(studio, async () => {
      emit('run.ended', { run: record(fields as Partial<RunRecord>) });
      return started();
    }, watch());
    await expect(run).rejects.toMatchObject(expected);
    expect(listening()).toBe(0);
  });

  it('that could not be started throws the answer', async () => {
    const { studio } = source();
    const start = async (): Promise<Result<RunRecord>> => ({ ok: false, error: { code: 'busy', message: 'Full.' } });
    await expect(finishedRun(studio, start, watch())).rejects.toMatchObject({ code: 'busy' });
  });

  it('cancels it on Ctrl+C, also while it is being started', async () => {
    const { studio, emit, called } = source();
    const seen = watch();
    const run = finishedRun(studio, async () => {
      seen.abort();
      return started();
    }, seen);
    await expect.poll(() => called).toEqual([{ name: 'runs.cancel', input: { run: 'r1' } }]);
    emit('run.ended', { run: record({ state: 'cancelled' }) });
    await expect(run).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('says so when the studio goes away', async () => {
    const { studio, lose } = source();
    const run = finishedRun(studio, started, watch());
    lose();
    await expect(run).rejects.toMatchObject({ code: 'engine-crashed' });
  });
});

describe('progress', () => {
  it('is a bar that fits the terminal', () => {
    const line = progressLine(step({ step: 10 }), 200);
    expect(line).toBe('teacher  ████████████░░░░░░░░░░░░ 10/20  10 passes  1.50 s left');
    expect(progressLine(step({}), 30)).toHaveLength(29);
    expect(progressLine(step({ role: 'single', index: 2, remainingMs: null }), 200)).toMatch(/^picture 3 .* 10 passes$/);
  });

  it('redraws on a terminal and leaves a clean line', () => {
    const { progress, written } = watch(true);
    progress.step(step({}));
    progress.step(step({ step: 6 }));
    progress.end();
    progress.end();
    expect(written).toHaveLength(3);
    expect(written.every((text) => text.startsWith('\r\u001b[2K'))).toBe(true);
    expect(written.at(-1)).toBe('\r\u001b[2K');
  });
});
