import { describe, expect, it } from 'vitest';
import type { EvaluatedPicture } from '../../main/contract/evaluation.ts';
import { ask, missingPages, pageSize, stale, take, unask, viewing } from './evaluation-pages.ts';

const view = { evaluation: 'e', cells: ['a', 'b'], wrong: null };

function picture(index: number, cell: string): EvaluatedPicture {
  return { cell, index, prompt: `prompt ${index}`, seed: 1000 + index, facts: {}, allCorrect: true, seen: '', ms: 1 };
}

describe('pages of pictures', () => {
  it('are asked for once, as far as they are looked at', () => {
    const begun = viewing(view);
    expect(missingPages(begun, 0, 500)).toEqual([0]);
    const known = { ...ask(begun, 0), total: pageSize * 2 + 1 };
    expect(missingPages(known, 0, pageSize - 1)).toEqual([]);
    expect(missingPages(known, pageSize - 1, 9999)).toEqual([1, 2]);
    expect(missingPages(unask(known, 0), 0, 3)).toEqual([0]);
    expect(missingPages({ ...ask(begun, 0), total: 0 }, 0, 9)).toEqual([]);
    expect(missingPages(stale({ ...ask(begun, 0), total: 0 }), 0, 9)).toEqual([0]);
  });

  it('are asked for again when pictures were added, and stay until they come', () => {
    const before = take(ask(viewing(view), 0), 0, { pictures: [picture(0, 'a')], prompts: 1 });
    expect(missingPages(before, 0, 9)).toEqual([]);
    const again = stale(before);
    expect(again.rows).toBe(before.rows);
    expect(missingPages(again, 0, 9)).toEqual([0]);
    const after = take(ask(again, 0), 0, { pictures: [picture(0, 'a'), picture(0, 'b'), picture(1, 'a')], prompts: 2 });
    expect([after.total, after.rows.size, after.rows.get(0)?.pictures.size]).toEqual([2, 2, 2]);
  });

  it('become rows of one prompt, at their place in the view, which need not be their number', () => {
    const pages = take(viewing(view), 1, { pictures: [picture(7, 'a'), picture(7, 'b'), picture(93, 'b')], prompts: pageSize + 2 });
    expect(pages.total).toBe(pageSize + 2);
    expect([...pages.rows.keys()]).toEqual([pageSize, pageSize + 1]);
    expect(pages.rows.get(pageSize)).toMatchObject({ index: 7, seed: 1007, prompt: 'prompt 7' });
    expect([...pages.rows.get(pageSize)!.pictures.keys()]).toEqual(['a', 'b']);
    expect([...pages.rows.get(pageSize + 1)!.pictures.keys()]).toEqual(['b']);
  });
});
