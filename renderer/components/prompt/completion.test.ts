import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { complete, markUnknown, suggest } from './completion.ts';

const vocabulary = {
  open: false,
  groups: [
    { kind: 'objects', entries: ['ball', 'boat', 'box'] },
    { kind: 'places', entries: ['on the sea', 'on the grass', 'at sunset', 'left of'] },
  ],
  examples: [],
};
const entries = (before: string) => suggest(vocabulary, before).map(({ entry }) => entry);

describe('suggestions', () => {
  it('continue the word or phrase before the caret', () => {
    expect(entries('a red bo')).toEqual(['boat', 'box']);
    expect(entries('a red boat on the s')).toEqual(['on the sea']);
    expect(entries('a red boat ON t')).toEqual(['on the sea', 'on the grass']);
    expect(entries('a ball, le')).toEqual(['left of']);
  });

  it('stay away from finished words, single letters and blanks', () => {
    for (const before of ['', 'a', 'a b', 'a boat', 'a red boat on the sea', 'bo ', 'bo, ']) expect(entries(before)).toEqual([]);
  });

  it('take the place of what was typed', () => {
    const [boat] = suggest(vocabulary, 'a red bo');
    expect(boat && complete('a red bo on the sea', 8, boat)).toEqual({ prompt: 'a red boat on the sea', caret: 10 });
    expect(boat && complete('a red bo', 8, boat)).toEqual({ prompt: 'a red boat ', caret: 11 });
  });
});

describe('marks', () => {
  it('cut out unknown words, whatever their case, and no parts of words', () => {
    expect(markUnknown('a Cyberpunk cyberpunks boat', ['cyberpunk'])).toEqual([
      { text: 'a', unknown: false }, { text: ' ', unknown: false }, { text: 'Cyberpunk', unknown: true }, { text: ' ', unknown: false },
      { text: 'cyberpunks', unknown: false }, { text: ' ', unknown: false }, { text: 'boat', unknown: false },
    ]);
  });

  it('lose no character of any prompt', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), fc.array(fc.string()), (prompt, unknown) => {
      expect(markUnknown(prompt, unknown).map(({ text }) => text).join('')).toBe(prompt);
    }));
  });
});
