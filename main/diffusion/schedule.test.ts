import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StudioError } from '../contract/errors.ts';
import { flowMatchSigmas } from './schedule.ts';

const goldens = JSON.parse(
  readFileSync(new URL('../../tests/fixtures/goldens/flow_match_euler.json', import.meta.url), 'utf8'),
) as Record<string, { timesteps: number[]; sigmas: number[] }>;

describe('flowMatchSigmas', () => {
  it.each(Object.entries(goldens))('equals diffusers bit for bit: %s', (name, golden) => {
    const [, steps, shift] = /^n(\d+)_shift(\d+)$/.exec(name)!;
    const sigmas = flowMatchSigmas(Number(steps), Number(shift));
    expect([...sigmas]).toEqual(golden.sigmas);
    expect([...sigmas.subarray(0, -1)].map((sigma) => Math.fround(sigma * 1000))).toEqual(golden.timesteps);
  });

  it('falls strictly from 1 to 0 whatever the step count and shift', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.double({ min: 0.1, max: 12, noNaN: true }), (steps, shift) => {
        const sigmas = flowMatchSigmas(steps, shift);
        expect(sigmas).toHaveLength(steps + 1);
        expect(sigmas[0]).toBe(1);
        expect(sigmas[steps]).toBe(0);
        for (let i = 0; i < steps; i++) expect(sigmas[i]!).toBeGreaterThan(sigmas[i + 1]!);
      }),
    );
  });

  it.each([
    [0, 3], [-1, 3], [2.5, 3], [Number.NaN, 3], [4, 0], [4, -1], [4, Number.NaN], [4, Number.POSITIVE_INFINITY],
  ])('refuses %d steps with shift %d', (steps, shift) => {
    expect(() => flowMatchSigmas(steps, shift)).toThrow(StudioError);
  });
});
