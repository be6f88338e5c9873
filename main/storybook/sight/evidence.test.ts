import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isObject } from './evidence.ts';

const evidence = (explained: number, kindLead: number) => ({ explained, kindLead, colourLead: 0 });

describe('isObject', () => {
  it('wants a good likeness, or a fair one without a rival', () => {
    expect(isObject(evidence(0.97, 0))).toBe(true);
    expect(isObject(evidence(0.75, 0.25))).toBe(true);
    expect(isObject(evidence(0.75, 0.1))).toBe(false);
  });

  it('lets no lead make up for a poor likeness', () => {
    fc.assert(fc.property(fc.double({ min: -1, max: 0.65, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }),
      (explained, kindLead) => !isObject(evidence(explained, kindLead))));
  });

  it('is never lost by more evidence', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(fc.property(share, share, share, share, (explained, kindLead, more, further) =>
      !isObject(evidence(explained, kindLead)) || isObject(evidence(explained + more, kindLead + further))));
  });
});
