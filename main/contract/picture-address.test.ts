import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluationPictureAddress, readEvaluationPictureAddress } from './picture-address.ts';

describe('the address of an evaluation\'s picture', () => {
  it('is read as it was written', () => {
    const part = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,20}$/);
    const cell = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,40}$/);
    fc.assert(fc.property(part, cell, fc.nat(19_999), (evaluation, key, index) => {
      const address = { evaluation, cell: key, index };
      expect(readEvaluationPictureAddress(evaluationPictureAddress(address))).toEqual(address);
    }));
  });

  it.each([
    '', 'a', 'a/b', 'a/b/1/2', 'a/b/-1', 'a/b/01', 'a/b/1.5', 'a/b/x', 'a/../1', 'a/..%2f..%2fb/1', '%ff/b/1', 'a/b/1.png', 'a b/c/1', 'a//1', 'a/.hidden/1',
  ])('is not %j', (address) => expect(readEvaluationPictureAddress(address)).toBeNull());
});
