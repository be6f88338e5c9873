import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRgb } from './rgb.ts';

describe('decodeRgb', () => {
  it('spreads any RGB bytes into opaque RGBA', () => {
    const pictures = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })).chain(([width, height]) =>
      fc.uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 }).map((bytes) => ({ width, height, bytes })),
    );
    fc.assert(fc.property(pictures, ({ width, height, bytes }) => {
      const rgba = decodeRgb({ width, height, rgb: btoa(String.fromCharCode(...bytes)) });
      expect(rgba.length).toBe(width * height * 4);
      bytes.forEach((byte, at) => expect(rgba[Math.floor(at / 3) * 4 + (at % 3)]).toBe(byte));
      for (let at = 3; at < rgba.length; at += 4) expect(rgba[at]).toBe(255);
    }));
  });

  it('refuses bytes that do not fill the picture', () => {
    expect(() => decodeRgb({ width: 2, height: 2, rgb: 'AAAA' })).toThrow(RangeError);
    expect(() => decodeRgb({ width: 1, height: 1, rgb: '***' })).toThrow();
  });
});
