import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isObject } from './evidence.ts';

const evidence = (likeness: number, kindLead: number) => ({ likeness, kindLead });

describe('isObject', () => {
  it('wants a good likeness, or a fair one without a rival', () => {
    expect(isObject(evidence(0.97, 0.15))).toBe(true);
    expect(isObject(evidence(0.9, 0.4))).toBe(true);
    expect(isObject(evidence(0.9, 0.15))).toBe(false);
  });

  it('names nothing that looks like two kinds alike', () => {
    expect(isObject(evidence(1, 0))).toBe(false);
  });

  it('lets no lead make up for a poor likeness', () => {
    fc.assert(fc.property(fc.double({ min: -1, max: 0.84, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }),
      (likeness, kindLead) => !isObject(evidence(likeness, kindLead))));
  });

  it('is never lost by more evidence', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(fc.property(share, share, share, share, (likeness, kindLead, more, further) =>
      !isObject(evidence(likeness, kindLead)) || isObject(evidence(likeness + more, kindLead + further))));
  });
});
