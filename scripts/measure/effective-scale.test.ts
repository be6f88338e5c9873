import { expect, test } from 'vitest';
import { EffectiveScale } from './effective-scale.ts';

const branches = { conditional: Float32Array.of(3, 1, 0, 2), unconditional: Float32Array.of(1, 1, 1, 0) };
const guided = (scale: number): Float32Array => branches.unconditional.map((u, i) => u + scale * (branches.conditional[i]! - u));

test('finds the scale of a velocity that is guided, whatever was asked for', () => {
  for (const scale of [0, 1, 4.5]) {
    const measured = new EffectiveScale();
    measured.add({ ...branches, velocity: guided(scale), target: guided(4.5) });
    expect(measured.scale).toBeCloseTo(scale, 6);
    expect(measured.error).toBeCloseTo(((4.5 - scale) ** 2 * 9) / 4, 5);
    expect(measured.gap).toBeCloseTo(9 / 4, 6);
  }
});

test('an error across the guidance changes no scale', () => {
  const measured = new EffectiveScale();
  const velocity = guided(2);
  // Where the branches agree.
  velocity[1] = velocity[1]! + 7;
  measured.add({ ...branches, velocity, target: guided(2) });
  expect(measured.scale).toBeCloseTo(2, 6);
  expect(measured.error).toBeCloseTo(49 / 4, 5);
});

test('has no scale where nothing guides', () => {
  const measured = new EffectiveScale();
  measured.add({ velocity: Float32Array.of(1), conditional: Float32Array.of(2), unconditional: Float32Array.of(2), target: Float32Array.of(2) });
  expect(measured.scale).toBeNaN();
});
