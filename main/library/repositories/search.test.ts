import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openForTest, sampleRun, temporaryDir } from '../test-support.ts';

const prompts = [
  'a red boat on the sea', 'two boats at night', 'A Red house, "on the left"', 'ein grünes Haus', '红色的船在海上', 'a 🐟 fish', 'C++ AND NOT OR',
];

async function searcher(texts = prompts) {
  const library = await openForTest(temporaryDir());
  for (const prompt of texts) library.runs.create(sampleRun({ prompt }));
  const find = (search: string) => library.runs.list({ search }).runs.map((run) => run.prompt).reverse();
  return { library, find };
}

describe('search', () => {
  it('finds all words in any order, the last one as a prefix, without regard to case and accents', async () => {
    const { find } = await searcher();
    expect(find('red')).toEqual([prompts[0], prompts[2]]);
    expect(find('SEA red')).toEqual([prompts[0]]);
    expect(find('boat')).toEqual([prompts[0], prompts[1]]);
    expect(find('boat night')).toEqual([]);
    expect(find('night boat')).toEqual([prompts[1]]);
    expect(find('bo')).toEqual([prompts[0], prompts[1]]);
    expect(find('grunes')).toEqual([prompts[3]]);
    expect(find('GRÜN')).toEqual([prompts[3]]);
    expect(find('cyberpunk')).toEqual([]);
    expect(find('  ')).toEqual(prompts);
  });

  it('finds words of scripts without spaces, and symbols', async () => {
    const { find } = await searcher();
    expect(find('的船')).toEqual([prompts[4]]);
    expect(find('海上 红色')).toEqual([prompts[4]]);
    expect(find('红色 boat')).toEqual([]);
    expect(find('🐟')).toEqual([prompts[5]]);
  });

  it('takes the operators of the query language for words', async () => {
    const { find } = await searcher();
    expect(find('AND NOT OR')).toEqual([prompts[6]]);
    expect(find('"on the left"')).toEqual([prompts[2]]);
    expect(find('text:red* NEAR(boat)')).toEqual([]);
  });

  it('never fails, whatever is typed', async () => {
    const { library, find } = await searcher();
    const character = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.constantFrom('"', "'", '*', '(', ')', ':', '^', '-', '+', 'NEAR', 'AND', 'OR', 'NOT', '\0', '\ud800', '%', '_', '{', '}', '红', 'ิ', 'ſ', '²', '٣', '𝒜'));
    fc.assert(fc.property(fc.array(character, { maxLength: 6 }).map((parts) => parts.join(' ')), (search) => {
      find(search);
      library.prompts.list({ search });
    }), { numRuns: 500 });
    for (const many of ['boat ', '船 ', 'a船 ', '"']) find(many.repeat(5000));
  });

  it('finds every prompt by each of its own words', async () => {
    const word = fc.oneof(fc.stringMatching(/^[a-z]{1,8}$/), fc.stringMatching(/^[À-ÿ]{1,6}$/).filter((text) => /^\p{L}+$/u.test(text)),
      fc.stringMatching(/^[ऀ-ॿ]{1,5}$/), fc.stringMatching(/^[一-龥]{1,4}$/), fc.stringMatching(/^[가-힣]{1,4}$/));
    const { library } = await searcher([]);
    fc.assert(fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
      const run = library.runs.create(sampleRun({ prompt: words.join(' ') }));
      for (const each of words.filter((text) => /[\p{L}\p{N}]/u.test(text))) {
        expect(library.runs.list({ search: each, limit: 1 }).runs[0]?.id).toBe(run.id);
      }
    }), { numRuns: 60 });
  });
});

describe('prompts', () => {
  it('counts uses outside the trash, most used first, without the empty one', async () => {
    const { library } = await searcher(['a cup', 'a star', '', 'a star']);
    expect(library.prompts.list().map(({ text, uses }) => [text, uses])).toEqual([['a star', 2], ['a cup', 1]]);
    expect(library.prompts.list({ search: 'cu' }).map(({ text }) => text)).toEqual(['a cup']);
    expect(library.prompts.list({ limit: 1 })).toHaveLength(1);
    for (const run of library.runs.list({ search: 'star' }).runs) library.runs.trash(run.id);
    expect(library.prompts.list().map(({ text }) => text)).toEqual(['a cup']);
  });
});
