import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isResumable, JobState } from '../contract/jobs.ts';
import { freeName, inOrder, isActive, mayBecome, moved, nextJob, queue } from './queue.ts';

const job = (id: string, state: JobState, position: number | null = null) => ({ id, state, position });
const ids = (jobs: readonly { id: string }[]) => jobs.map(({ id }) => id).join('');

describe('the queue', () => {
  const jobs = [job('a', 'done'), job('b', 'queued', 2), job('c', 'queued', 0), job('d', 'paused'), job('e', 'queued', 1)];

  it('starts the first in place when nothing runs, and nothing beside what runs', () => {
    expect(nextJob(jobs)?.id).toBe('c');
    expect(nextJob([...jobs, job('f', 'running')])).toBeNull();
    expect(nextJob([...jobs, job('f', 'estimating')])).toBeNull();
    expect(nextJob([job('a', 'interrupted'), job('b', 'failed')])).toBeNull();
  });

  it('reads: what runs, what waits, the rest as it came', () => {
    expect(ids(inOrder([...jobs, job('f', 'running')]))).toBe('fcebad');
    expect(ids(queue(jobs))).toBe('ceb');
  });

  it('moves one before another or to the end, and keeps all', () => {
    expect(moved(['a', 'b', 'c'], 'c', 'a')).toEqual(['c', 'a', 'b']);
    expect(moved(['a', 'b', 'c'], 'a', null)).toEqual(['b', 'c', 'a']);
    expect(moved(['a', 'b', 'c'], 'a', 'a')).toEqual(['a', 'b', 'c']);
    expect(moved(['a', 'b', 'c'], 'x', 'a')).toEqual(['a', 'b', 'c']);
    expect(moved(['a', 'b', 'c'], 'a', 'x')).toEqual(['a', 'b', 'c']);
    const set = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 8 });
    fc.assert(fc.property(set, fc.nat(), fc.option(fc.nat()), (all, which, where) => {
      const [id, before] = [all[which % all.length]!, where === null ? null : all[where % all.length]!];
      const result = moved(all, id, before);
      expect(result.toSorted()).toEqual(all.toSorted());
      expect(result.filter((other) => other !== id)).toEqual(all.filter((other) => other !== id));
      if (before === null) expect(result.at(-1)).toBe(id);
      else if (before !== id) expect(result.indexOf(id)).toBe(result.indexOf(before) - 1);
    }));
  });
});

it('what has ended well stays so; what stopped otherwise can be queued again and is offered for it', () => {
  for (const state of JobState.options) {
    expect(mayBecome(state, state)).toBe(true);
    expect(mayBecome(state, 'queued'), state).toBe(state === 'queued' || isResumable(state));
    if (isActive(state)) for (const end of ['paused', 'cancelled', 'failed', 'interrupted'] as const) expect(mayBecome(state, end)).toBe(true);
    expect(mayBecome('done', state)).toBe(state === 'done');
  }
  expect(mayBecome('estimating', 'done')).toBe(false);
});

it('a free name is the wished one or that with the next number, and a legal one', () => {
  expect(freeName('mine', [])).toBe('mine');
  expect(freeName('mine', ['mine', 'mine-2'])).toBe('mine-3');
  expect(freeName('mine-2', ['mine-2'])).toBe('mine-3');
  expect(freeName('x'.repeat(128), ['x'.repeat(128)])).toHaveLength(122);
});
