import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readNumbers } from './number-list.ts';

const limits = { min: 0, max: 30 };
const values = (text: string) => {
  const read = readNumbers(text, limits);
  return read.ok ? read.values : read.part;
};

describe('a list of numbers', () => {
  it.each([
    ['1, 2, 5', [1, 2, 5]],
    ['5;1; 1', [1, 5]],
    ['1-9 (+2)', [1, 3, 5, 7, 9]],
    ['1-10 (+2)', [1, 3, 5, 7, 9]],
    ['1 – 9 [5]', [1, 3, 5, 7, 9]],
    ['0..3', [0, 1, 2, 3]],
    ['0.1-0.3 (0.1)', [0.1, 0.2, 0.3]],
    ['7.5, 1-2', [1, 2, 7.5]],
    ['3-3 [1]', [3]],
    ['', []],
  ])('%j', (text, wanted) => expect(values(text)).toEqual(wanted));

  it.each(['x', '9-1', '1-9 (+0)', '1-9 (-1)', '31', '-1', '0-30 (+0.0001)', '1-9 [0]', '1 2', '1e3'])('cannot be %j', (text) => {
    expect(values(text)).toBe(text);
  });

  it('names the part that is wrong, and never answers with other than ascending numbers within the limits', () => {
    expect(values('1, two, 3')).toBe('two');
    fc.assert(fc.property(fc.string(), (text) => {
      const read = readNumbers(text, limits);
      if (!read.ok) return;
      expect(read.values).toEqual([...new Set(read.values)].sort((a, b) => a - b));
      expect(read.values.every((value) => value >= 0 && value <= 30)).toBe(true);
    }));
  });
});
