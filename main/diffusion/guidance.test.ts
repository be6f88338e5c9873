import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GaussianFlow, cfgMean, gaussianVelocity, meanEmbedding } from '../../tests/fixtures/gaussian-flow.ts';
import { classifierFree, embedded, guidedField } from './guidance.ts';

const pair = { prompt: meanEmbedding(2), negative: meanEmbedding(-1) };
const scale = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 30, noNaN: true }));
const latents = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i));

describe('classifierFree', () => {
  it('evaluates the prompt alone at 1, the negative alone at 0, and both elsewhere', () => {
    expect(classifierFree.branches(pair, 1)).toEqual([{ embedding: pair.prompt }]);
    expect(classifierFree.branches(pair, 0)).toEqual([{ embedding: pair.negative }]);
    expect(classifierFree.branches(pair, 0.5)).toHaveLength(2);
  });

  it('is the extrapolation from the unconditional to the conditional velocity at every scale', async () => {
    await fc.assert(
      fc.asyncProperty(scale, fc.double({ min: 0.01, max: 1, noNaN: true }), async (gamma, sigma) => {
        const guided = await guidedField(new GaussianFlow(), classifierFree, pair, gamma)(latents, sigma);
        const exact = gaussianVelocity(latents, sigma, cfgMean(2, -1, gamma));
        const largest = Math.max(1, ...exact.map(Math.abs));
        guided.forEach((value, i) => expect(Math.abs(value - exact[i]!)).toBeLessThan(1e-4 * largest));
      }),
      { numRuns: 50 },
    );
  });
});

describe('embedded', () => {
  it('makes one pass with the prompt, the scale, and the negative prompt as ∅, at 0 and 1 too', async () => {
    for (const gamma of [0, 1, 7]) {
      const model = new GaussianFlow();
      await guidedField(model, embedded, pair, gamma)(latents, 0.5);
      expect(model.calls).toEqual([
        { sigma: 0.5, conditions: [{ embedding: pair.prompt, guidance: { scale: gamma, nullPooled: pair.negative.pooled } }] },
      ]);
    }
  });
});

it.each([['classifierFree', classifierFree], ['embedded', embedded]] as const)('%s announces as many passes as it evaluates', (_, strategy) => {
  fc.assert(
    fc.property(scale, (gamma) => {
      expect(strategy.branches(pair, gamma)).toHaveLength(strategy.passes(gamma));
    }),
  );
});
