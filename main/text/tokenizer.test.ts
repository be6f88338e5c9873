import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTokenizer, PromptTokenizer } from './tokenizer.ts';
import { wordTokenizerJson } from './words.ts';

const words = ['a', 'red', 'boat', 'on', 'the', 'sea', 'left', 'of', 'constructor'];
const tokenizer = new PromptTokenizer(wordTokenizerJson(words), 'tokenizer.json');
const spell = (ids: Iterable<number>) => [...ids].map((id) => [...words, '[PAD]', '[UNK]', '[BOS]', '[EOS]'].find((word) => tokenizer.idOf(word) === id));

describe('a word-level tokenizer', () => {
  it('puts start, words, end and padding in a row', () => {
    const { ids, tokens, truncated, unknownWords } = tokenizer.encodePrompt('a red boat', 8);
    expect(spell(ids)).toEqual(['[BOS]', 'a', 'red', 'boat', '[EOS]', '[PAD]', '[PAD]', '[PAD]']);
    expect({ tokens, truncated, unknownWords }).toEqual({ tokens: 5, truncated: false, unknownWords: [] });
  });

  it('gives the ids its documentation promises', () => {
    expect(tokenizer).toMatchObject({ padId: 0, unknownId: 1, bosId: words.length + 2, eosId: words.length + 3, vocabularySize: words.length + 4 });
    expect(tokenizer.idOf('a')).toBe(2);
    expect(tokenizer.idOf('boat')).toBe(3);
  });

  it('does not depend on the order or number of the words given', () => {
    expect(JSON.stringify(wordTokenizerJson([...words, ...words].reverse()))).toBe(JSON.stringify(wordTokenizerJson(words)));
  });

  it('ignores case, spaces, punctuation and compatibility forms', () => {
    const plain = tokenizer.encodePrompt('a red boat on the sea', 10).ids;
    for (const text of ['A RED boat, on the sea.', '  a\tred\n\nboat — on "the" sea!', 'a-red-boat (on the sea)', 'a ｒｅｄ boat on the sea']) {
      expect(tokenizer.encodePrompt(text, 10).ids, text).toEqual(plain);
    }
  });

  it('cuts what does not fit and keeps the end', () => {
    const { ids, tokens, truncated } = tokenizer.encodePrompt('a red boat on the sea', 5);
    expect(spell(ids)).toEqual(['[BOS]', 'a', 'red', 'boat', '[EOS]']);
    expect({ tokens, truncated }).toEqual({ tokens: 5, truncated: true });
    expect(tokenizer.encodePrompt('a red boat', 5).truncated).toBe(false);
  });

  it('reports unknown words as typed, once each', () => {
    const { ids, unknownWords } = tokenizer.encodePrompt('A Cyberpunk boat, "cyberpunk" CYBERPUNK! A Cyberpunk 🚤', 16);
    expect(unknownWords).toEqual(['Cyberpunk', 'cyberpunk', 'CYBERPUNK', '🚤']);
    expect(spell(ids).slice(0, 5)).toEqual(['[BOS]', 'a', '[UNK]', 'boat', '[UNK]']);
  });

  it('reports unknown words beyond the cut, too', () => {
    expect(tokenizer.encodePrompt('a red boat on the sea at dawn', 4).unknownWords).toEqual(['at', 'dawn']);
  });

  it('makes no control token of what a person types', () => {
    const { ids, unknownWords } = tokenizer.encodePrompt('[EOS] [PAD] [UNK]', 8);
    expect(spell(ids)).toEqual(['[BOS]', '[UNK]', '[UNK]', '[UNK]', '[EOS]', '[PAD]', '[PAD]', '[PAD]']);
    expect(unknownWords).toEqual(['EOS', 'PAD', 'UNK']);
  });

  it('encodes the empty prompt as start and end', () => {
    expect(spell(tokenizer.encodePrompt('', 4).ids)).toEqual(['[BOS]', '[EOS]', '[PAD]', '[PAD]']);
    expect(tokenizer.encodePrompt(' .. ', 4)).toEqual(tokenizer.encodePrompt('', 4));
  });

  it('gives any text valid ids with exactly one end', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.constantFrom(...words, '[EOS]', '__proto__', 'toString', ',')).map((list) => list.join(' ')));
    fc.assert(fc.property(text, fc.integer({ min: 2, max: 12 }), (prompt, maxTokens) => {
      const { ids, tokens } = tokenizer.encodePrompt(prompt, maxTokens);
      expect(ids.length).toBe(maxTokens);
      expect(ids.indexOf(tokenizer.eosId)).toBe(tokens - 1);
      expect(ids.every((id) => id >= 0 && id < tokenizer.vocabularySize)).toBe(true);
      expect(ids.subarray(tokens).every((id) => id === tokenizer.padId)).toBe(true);
    }));
  });

  it.each(['', 'Red', 'two words', "it's", 'ｒｅｄ'])('refuses %j as a word', (word) => {
    expect(() => wordTokenizerJson(['a', word])).toThrow(/cannot be a word/);
  });
});

describe('checking a prompt', () => {
  it('counts the words that were typed against those that fit', () => {
    expect(tokenizer.checkPrompt('a red boat on the Moon', 6)).toEqual({ tokens: 6, maxTokens: 4, truncated: true, unknownWords: ['Moon'] });
    expect(tokenizer.checkPrompt('a red boat', 6)).toEqual({ tokens: 3, maxTokens: 4, truncated: false, unknownWords: [] });
    expect(tokenizer.checkPrompt('', 6)).toEqual({ tokens: 0, maxTokens: 4, truncated: false, unknownWords: [] });
  });
});

describe('opening tokenizer.json', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tokenizer-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('reads what was written', async () => {
    const path = join(folder, 'tokenizer.json');
    await writeFile(path, JSON.stringify(wordTokenizerJson(words)));
    expect((await openTokenizer(path)).encodePrompt('a red boat', 6)).toEqual(tokenizer.encodePrompt('a red boat', 6));
  });

  const good = wordTokenizerJson(words) as { model: object };
  it.each([
    ['no JSON', '{', /not valid JSON/],
    ['another JSON', '[]', /not a tokenizer/],
    ['no model', JSON.stringify({ ...good, model: undefined }), /"model"/],
    ['no vocabulary', JSON.stringify({ ...good, model: { type: 'WordLevel' } }), /"model.vocab"/],
    ['an impossible id', JSON.stringify({ ...good, model: { ...good.model, vocab: { a: 4e9 } } }), /"model.vocab/],
    ['a fractional id', JSON.stringify({ ...good, model: { ...good.model, vocab: { a: 0.5 } } }), /"model.vocab/],
    ['a missing part', JSON.stringify({ ...good, normalizer: undefined }), /not a tokenizer the studio can use/],
    ['no padding', JSON.stringify({ ...good, padding: null }), /which token pads/],
    ['padding out of range', JSON.stringify({ ...good, padding: { pad_id: 999 } }), /padding token is not in its vocabulary/],
    ['no start and end', JSON.stringify({ ...good, post_processor: null }), /start and an end/],
    ['start and end without ids', JSON.stringify({ ...good, model: { ...good.model, vocab: { '[PAD]': 0, a: 1 } } }), /no token/],
    ['an unknown token without id', JSON.stringify({ ...good, model: { ...good.model, unk_token: '[?]' } }), /unknown token is not in its vocabulary/],
  ])('names the file and the fault: %s', async (_, text, reason) => {
    const path = join(folder, 'broken.json');
    await writeFile(path, text);
    const opened = openTokenizer(path);
    await expect(opened).rejects.toMatchObject({ name: 'StudioError', code: 'corrupt-file' });
    await expect(opened).rejects.toThrow(reason);
    await expect(opened).rejects.toThrow(/broken\.json: /);
  });

  it('says when it is not there', async () => {
    await expect(openTokenizer(join(folder, 'nowhere.json'))).rejects.toMatchObject({ code: 'not-found' });
  });
});
