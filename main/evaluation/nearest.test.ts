import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng } from '../storybook/rng.ts';
import { describePicture, descriptorLength, NearestSearch } from './nearest.ts';

const plain = (width: number, height: number, colour: readonly [number, number, number]): Uint8Array =>
  Uint8Array.from({ length: width * height * 3 }, (_, i) => colour[i % 3]!);
const randomBytes = (seed: number, length: number, low = 0, high = 256): Uint8Array => {
  const rng = createRng(seed);
  return Uint8Array.from({ length }, () => rng.between(low, high));
};

/** The plain search that the quick one has to agree with. */
function nearestPlainly(descriptors: Uint8Array, descriptor: Uint8Array): { index: number; distance: number } {
  let [index, least] = [-1, Infinity];
  for (let i = 0; i * descriptorLength < descriptors.length; i++) {
    let sum = 0;
    for (let k = 0; k < descriptorLength; k++) sum += (descriptor[k]! - descriptors[i * descriptorLength + k]!) ** 2;
    if (sum < least) [index, least] = [i, sum];
  }
  return { index, distance: Math.sqrt(least / 256) / 255 };
}

describe('a descriptor', () => {
  it('is the Oklab colour of each of 16 × 16 cells', () => {
    expect([...describePicture({ width: 64, height: 32, rgb: plain(64, 32, [255, 255, 255]) }).subarray(0, 3)]).toEqual([255, 128, 128]);
    // Red is L = 0.628, a = 0.225, b = 0.126.
    expect([...describePicture({ width: 16, height: 16, rgb: plain(16, 16, [255, 0, 0]) }).subarray(-3)]).toEqual([160, 185, 160]);
  });

  it('takes the mean of what a cell covers', () => {
    const rgb = plain(32, 32, [100, 100, 100]);
    rgb.set([0, 0, 0], 0);
    rgb.set([200, 200, 200], 3);
    const even = describePicture({ width: 32, height: 32, rgb: plain(32, 32, [100, 100, 100]) });
    expect(describePicture({ width: 32, height: 32, rgb })).toEqual(even);
  });

  it('exists for pictures of every size, and never has an a of 0', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), fc.integer(), (width, height, seed) => {
      const bytes = describePicture({ width, height, rgb: randomBytes(seed, width * height * 3) });
      expect(bytes.length).toBe(descriptorLength);
      expect(bytes.some((value, i) => i % 3 === 1 && value === 0)).toBe(false);
    }), { numRuns: 40 });
  });
});

describe('the nearest', () => {
  it('is the one that a plain search finds', () => {
    fc.assert(fc.property(fc.integer(), fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 250 }), (seed, count, low) => {
      const list = randomBytes(seed, count * descriptorLength, low, low + 6);
      const wanted = randomBytes(seed + 1, descriptorLength, low, low + 6);
      expect(new NearestSearch(list).nearest(wanted)).toEqual(nearestPlainly(list, wanted));
    }), { numRuns: 60 });
  });

  it('of equals is the first', () => {
    const one = randomBytes(5, descriptorLength);
    const list = new Uint8Array([...randomBytes(6, descriptorLength), ...one, ...one]);
    expect(new NearestSearch(list).nearest(one)).toEqual({ index: 1, distance: 0 });
  });

  it('of nothing is an error', () => {
    expect(() => new NearestSearch(new Uint8Array())).toThrow(RangeError);
    expect(() => new NearestSearch(new Uint8Array(100))).toThrow(RangeError);
  });
});
