import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kinds } from '../vocabulary.ts';
import { isObject } from './evidence.ts';

const evidence = (likeness: number, kindLead: number) => ({ likeness, kindLead });
const kind = fc.constantFrom(...kinds);
const share = fc.double({ min: 0, max: 1, noNaN: true });

describe('isObject', () => {
  it('wants a good likeness, or a fair one without a rival', () => {
    expect(isObject('house', evidence(0.95, 0.1))).toBe(true);
    expect(isObject('house', evidence(0.8, 0.3))).toBe(true);
    expect(isObject('house', evidence(0.8, 0.1))).toBe(false);
  });

  it('names nothing that looks like two kinds alike', () => {
    fc.assert(fc.property(kind, (one) => !isObject(one, evidence(1, 0))));
  });

  it('asks more of what a lump may resemble', () => {
    expect(isObject('star', evidence(0.9, 0.15))).toBe(true);
    expect(isObject('heart', evidence(0.9, 0.15))).toBe(false);
    expect(isObject('heart', evidence(0.97, 0.2))).toBe(true);
  });

  it('lets no lead make up for a poor likeness', () => {
    fc.assert(fc.property(kind, fc.double({ min: -1, max: 0.6, noNaN: true }), share, (one, likeness, kindLead) =>
      !isObject(one, evidence(likeness, kindLead))));
  });

  it('takes a rival that does better for no lead', () => {
    fc.assert(fc.property(kind, share, fc.double({ min: -1, max: 0, noNaN: true }), (one, likeness, kindLead) => !isObject(one, evidence(likeness, kindLead))));
  });

  it('is never lost by more evidence', () => {
    fc.assert(fc.property(kind, share, share, share, share, (one, likeness, kindLead, more, further) =>
      !isObject(one, evidence(likeness, kindLead)) || isObject(one, evidence(likeness + more, kindLead + further))));
  });
});
