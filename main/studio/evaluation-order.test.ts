import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { missingPictures, pictureKey } from './evaluation-order.ts';

const cell = (model: string, guidance: number) => ({ key: `${model}-g${guidance}`, model });
const order = (cells: { key: string; model: string }[], prompts: number, has: string[] = []) =>
  [...missingPictures(cells, prompts, new Set(has))].map(({ cell: { key }, index }) => pictureKey(key, index));

describe('the order of an evaluation', () => {
  it('finishes a prompt in every cell before the next', () => {
    expect(order([cell('a', 1), cell('a', 3), cell('b', 1)], 2)).toEqual(['a-g1/0', 'a-g3/0', 'b-g1/0', 'a-g1/1', 'a-g3/1', 'b-g1/1']);
  });

  it('goes block by block where there are more models than stay open', () => {
    const cells = ['a', 'b', 'c', 'd'].flatMap((model) => [cell(model, 1), cell(model, 3)]);
    const keys = order(cells, 10);
    expect(keys.slice(0, 3)).toEqual(['a-g1/0', 'a-g3/0', 'a-g1/1']);
    expect(keys.indexOf('b-g1/0')).toBe(16);
    const models = keys.map((key) => key[0]);
    // Each of the four is opened once for each of the two blocks.
    expect(models.filter((model, i) => model !== models[i - 1])).toHaveLength(8);
    expect(keys.slice(64, 66)).toEqual(['a-g1/8', 'a-g3/8']);
  });

  it('draws what is missing, each picture once', () => {
    const models = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1, maxLength: 8 });
    fc.assert(fc.property(models, fc.nat(20), fc.func(fc.boolean()), (names, prompts, drawn) => {
      const cells = names.map((model, i) => cell(model, i));
      const all = cells.flatMap(({ key }) => Array.from({ length: prompts }, (_, index) => pictureKey(key, index)));
      const has = all.filter((key) => drawn(key));
      const missing = order(cells, prompts, has);
      expect([...missing, ...has].sort()).toEqual(all.sort());
    }));
  });
});
