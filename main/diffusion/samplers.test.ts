import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cfgMean, exactImage, gaussianVelocity } from '../../tests/fixtures/gaussian-flow.ts';
import type { VelocityField } from './guidance.ts';
import { seededNoise } from './noise.ts';
import {
  effectiveGuidance, effectiveVelocity, eulerStep, planSampling, predictedImage, reflectionStep, reflects, scalesOfStep, stepMap,
  type GuidedFields, type SamplingPlan,
} from './samplers.ts';
import { flowMatchSigmas } from './schedule.ts';

const at = (scale: number): VelocityField => (latents, sigma) => Promise.resolve(gaussianVelocity(latents, sigma, cfgMean(1, 0, scale)));
const fields: GuidedFields = { at, weakAt: at };
const noise = seededNoise(5, 64);

async function sample(plan: SamplingPlan, sigmas: Float32Array): Promise<Float32Array> {
  let latents: Float32Array = noise;
  for (let i = 0; i + 1 < sigmas.length; i++) latents = await stepMap(plan, sigmas, i, fields)(latents, sigmas[i]!, sigmas[i + 1]!);
  return latents;
}

const distance = (a: Float32Array, b: Float32Array) => Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

describe('eulerStep', () => {
  it('converges to the exact solution with the first order', async () => {
    const exact = exactImage(noise, cfgMean(1, 0, 3));
    const error = async (steps: number) => distance(await sample(planSampling('euler', 3), flowMatchSigmas(steps, 1)), exact);
    const [coarse, fine] = [await error(40), await error(160)];
    expect(fine).toBeLessThan(0.03);
    expect(coarse / fine).toBeGreaterThan(3);
    expect(coarse / fine).toBeLessThan(5);
  });

  it('leaves its input as it was', async () => {
    const before = noise.slice();
    await eulerStep(at(3))(noise, 1, 0.5);
    expect(noise).toEqual(before);
  });
});

describe('reflectionStep', () => {
  it('goes forth with strong, back with weak from where it arrived, and forth with base', async () => {
    const asked: [string, number][] = [];
    const constant = (name: string, velocity: number): VelocityField => (latents, sigma) => {
      asked.push([name, sigma]);
      return Promise.resolve(latents.map(() => velocity));
    };
    const step = reflectionStep({ strong: constant('strong', 5), weak: constant('weak', 2), base: constant('base', 4) });
    expect([...(await step(Float32Array.of(10), 1, 0.5))]).toEqual([10 - 0.5 * (5 - 2 + 4)]);
    expect(asked).toEqual([['strong', 1], ['weak', 0.5], ['base', 1]]);
  });

  it('converges to classifier-free guidance at the effective scale', async () => {
    for (const plan of [planSampling('z-sampling', 3), planSampling('w2sd', 2)]) {
      const control = { base: effectiveGuidance(plan), reflection: null };
      const apart = async (steps: number) => {
        const sigmas = flowMatchSigmas(steps, 1);
        return distance(await sample(plan, sigmas), await sample(control, sigmas));
      };
      const [coarse, fine] = [await apart(50), await apart(400)];
      expect(fine).toBeLessThan(0.05);
      expect(coarse / fine).toBeGreaterThan(4);
    }
  });
});

describe('planSampling', () => {
  it("takes METHOD's defaults", () => {
    expect(planSampling('euler', 5)).toEqual({ base: 5, reflection: null });
    expect(planSampling('z-sampling', 5).reflection).toMatchObject({ strong: 5, weak: 0.5, guard: true });
    expect(planSampling('w2sd', 5).reflection).toMatchObject({ strong: 5, weak: 1, guard: true });
    expect(effectiveGuidance(planSampling('z-sampling', 5))).toBe(9.5);
    expect(effectiveGuidance(planSampling('w2sd', 5))).toBe(9);
    expect(effectiveGuidance(planSampling('euler', 5))).toBe(5);
  });

  it('takes 0 as the number it is', () => {
    expect(planSampling('z-sampling', 0, { inversionGuidance: 0 }).reflection).toMatchObject({ strong: 0, weak: 0 });
    expect(planSampling('w2sd', 5, { weakGuidance: 0, guard: false }).reflection).toMatchObject({ weak: 0, guard: false });
  });
});

describe('reflects', () => {
  it('never on the last step, nor past λ, nor where the guard forbids it', () => {
    const steps = fc.integer({ min: 1, max: 60 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 60 }), fc.constantFrom(1, 3), fc.boolean(), (n, lambda, shift, guard) => {
        const sigmas = flowMatchSigmas(n, shift);
        const plan = planSampling('z-sampling', 4, { steps: lambda, guard });
        for (let i = 0; i < n; i++) {
          const allowed = i < lambda && i < n - 1 && (!guard || sigmas[i + 1]! >= sigmas[i]! / 3);
          expect(reflects(plan, sigmas, i)).toBe(allowed);
          expect(scalesOfStep(plan, sigmas, i)).toEqual(allowed ? [4, 0.5, 4] : [4]);
        }
      }),
    );
  });

  it('keeps the wild last way back out by default', () => {
    const sigmas = flowMatchSigmas(20, 3);
    const count = (guard: boolean) => Array.from(sigmas).filter((_, i) => i < 20 && reflects(planSampling('w2sd', 5, { guard }), sigmas, i)).length;
    expect(count(false)).toBe(19);
    expect(count(true)).toBe(18);
  });
});

it('effectiveVelocity makes one Euler step do what the whole map does', async () => {
  const step = reflectionStep({ strong: at(4), weak: at(0.5), base: at(4) });
  const velocity = await effectiveVelocity(step, noise, 0.8, 0.7);
  const repeated = await eulerStep(() => Promise.resolve(velocity))(noise, 0.8, 0.7);
  expect(distance(repeated, await step(noise, 0.8, 0.7))).toBeLessThan(1e-6);
  expect(distance(await effectiveVelocity(eulerStep(at(4)), noise, 0.8, 0.7), await at(4)(noise, 0.8))).toBeLessThan(1e-5);
});

it('predictedImage is where the velocity of the step points at σ = 0', async () => {
  const field = at(2);
  const arrived = await eulerStep(field)(noise, 0.6, 0.4);
  const straight = await eulerStep(field)(noise, 0.6, 0);
  expect(distance(predictedImage(noise, arrived, 0.6, 0.4), straight)).toBeLessThan(1e-6);
  expect(predictedImage(noise, arrived, 0.6, 0)).toEqual(arrived);
});
