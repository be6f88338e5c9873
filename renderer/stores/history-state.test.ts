import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../main/contract/schemas.ts';
import { firstPage, neighbour, nextPage, put, remove } from './history-state.ts';

const run = (id: string, minute: number, prompt = 'a red boat'): RunRecord => ({
  id, kind: 'compare', state: 'done', createdAt: `2026-01-01T00:${String(minute).padStart(2, '0')}:00.000Z`, prompt, negativePrompt: '',
  guidance: 5, steps: 20, seed: 7, sampler: 'euler', reflection: {}, teacher: 't', student: 's', count: 1, verdict: null, warnings: [],
  error: null, images: [],
});
const ids = (history: { runs: readonly RunRecord[] }) => history.runs.map(({ id }) => id);
const page = firstPage('', { runs: [run('c', 3), run('b', 2)], total: 3 });

describe('the history', () => {
  it('puts a new run first, an undone deletion back in its place, and a changed run where it was', () => {
    expect(ids(put(page, run('d', 4)))).toEqual(['d', 'c', 'b']);
    const without = remove(page, 'c');
    expect(without.total).toBe(2);
    expect(ids(put(put(without, run('d', 4)), run('c', 3)))).toEqual(['d', 'c', 'b']);
    const judged = put(page, { ...run('b', 2), verdict: 'tie' });
    expect(judged.total).toBe(3);
    expect(judged.runs[1]?.verdict).toBe('tie');
  });

  it('adds a page without doubling what came meanwhile', () => {
    expect(ids(nextPage(page, { runs: [run('b', 2), run('a', 1)], total: 3 }))).toEqual(['c', 'b', 'a']);
  });

  it('keeps runs out that the search does not want', () => {
    const searched = firstPage('blue boat', { runs: [], total: 0 });
    expect(ids(put(searched, run('x', 9)))).toEqual([]);
    expect(ids(put(searched, run('y', 9, 'a boat, Blue')))).toEqual(['y']);
  });

  it('forgets nothing when a stranger is deleted', () => {
    expect(remove(page, 'nobody')).toBe(page);
  });

  it('walks to neighbours and stops at the ends', () => {
    expect(neighbour(page, 'c', 1)?.id).toBe('b');
    expect(neighbour(page, 'c', -1)).toBeNull();
    expect(neighbour(page, 'b', 1)).toBeNull();
    expect(neighbour(page, null, 1)?.id).toBe('c');
  });
});
