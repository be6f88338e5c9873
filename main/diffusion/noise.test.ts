import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { StudioError } from '../contract/errors.ts';
import { seededNoise, TorchCpuGenerator } from './noise.ts';

const goldens = JSON.parse(
  readFileSync(new URL('../../tests/fixtures/goldens/torch_randn_cpu.json', import.meta.url), 'utf8'),
) as Record<string, number[]>;

describe('seededNoise', () => {
  it.each(Object.entries(goldens))('equals torch.randn: %s', (name, golden) => {
    const [, seed, count] = /^seed(\d+)_n(\d+)$/.exec(name)!;
    const noise = seededNoise(Number(seed), Number(count));
    expect(noise).toHaveLength(golden.length);
    const worst = Math.max(...golden.map((value, i) => Math.abs(value - noise[i]!)));
    console.log(`golden ${name}: ${worst.toExponential(1)}`);
    expect(worst).toBeLessThanOrEqual(1e-6);
  });

  it('reads the low 32 bits of a seed, as PyTorch does', () => {
    expect(seededNoise(2 ** 32 + 5, 20)).toEqual(seededNoise(5, 20));
    expect(seededNoise(6, 20)).not.toEqual(seededNoise(5, 20));
  });

  it('is standard normal', () => {
    const noise = seededNoise(3, 100_000);
    const mean = noise.reduce((sum, value) => sum + value, 0) / noise.length;
    const variance = noise.reduce((sum, value) => sum + (value - mean) ** 2, 0) / noise.length;
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(Math.abs(variance - 1)).toBeLessThan(0.02);
  });

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('refuses seed %d', (seed) => {
    expect(() => seededNoise(seed, 4)).toThrow(StudioError);
  });
});

describe('TorchCpuGenerator', () => {
  it('goes on where it stopped, keeping the odd value of a pair', () => {
    const generator = new TorchCpuGenerator(7);
    const pieces = [...generator.normal(3), ...generator.normal(2)];
    expect(pieces).toEqual([...seededNoise(7, 5)]);
  });
});
