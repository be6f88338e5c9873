import { expect, it } from 'vitest';
import { psnr } from './psnr.ts';

it('follows the definition 10·log₁₀(255²/MSE)', () => {
  expect(psnr(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(Infinity);
  expect(psnr(Uint8Array.of(0), Uint8Array.of(255))).toBe(0);
  expect(psnr(new Uint8Array(100).fill(10), new Uint8Array(100).fill(11))).toBeCloseTo(48.1308, 3);
  expect(() => psnr(new Uint8Array(1), new Uint8Array(2))).toThrow(RangeError);
});
