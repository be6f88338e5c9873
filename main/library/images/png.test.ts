import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { codeOf, picture } from '../test-support.ts';
import { decodePng, encodePng } from './png.ts';

const anyPicture = fc.tuple(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 1, max: 24 })).chain(([width, height]) =>
  fc.uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 }).map((rgb) => ({ width, height, rgb })));

describe('PNG', () => {
  it('keeps every pixel, and the same picture is the same bytes', async () => {
    await fc.assert(fc.asyncProperty(anyPicture, async (original) => {
      const png = await encodePng(original, { parameters: '船' });
      // A view into a larger buffer must not be mistaken for the whole of it.
      const padded = new Uint8Array(original.rgb.length + 14);
      padded.set(original.rgb, 7);
      const again = await encodePng({ ...original, rgb: padded.subarray(7, 7 + original.rgb.length) }, { parameters: '船' });
      expect(again.equals(png)).toBe(true);
      const decoded = await decodePng(png);
      expect({ ...decoded, rgb: Buffer.from(decoded.rgb).toString('hex') }).toEqual({ ...original, rgb: Buffer.from(original.rgb).toString('hex') });
    }), { numRuns: 40 });
  });

  it('of other programs is decoded to RGB: gray, palette, transparent, 16 bit', async () => {
    const gray = Buffer.from([0, 128, 255, 7]);
    const grayPng = await sharp(gray, { raw: { width: 2, height: 2, channels: 1 } }).toColourspace('b-w').png().toBuffer();
    expect([...(await decodePng(grayPng)).rgb]).toEqual([0, 0, 0, 128, 128, 128, 255, 255, 255, 7, 7, 7]);
    const clear = await sharp({ create: { width: 2, height: 1, channels: 4, background: { r: 9, g: 8, b: 7, alpha: 0.5 } } }).png().toBuffer();
    expect([...(await decodePng(clear)).rgb]).toEqual([9, 8, 7, 9, 8, 7]);
    const palette = await sharp(clear).png({ palette: true }).toBuffer();
    expect((await decodePng(palette)).rgb).toHaveLength(6);
    const deep = await sharp(Uint16Array.of(65535, 0, 32896), { raw: { width: 1, height: 1, channels: 3 } })
      .toColourspace('rgb16').png().toBuffer();
    expect([...(await decodePng(deep)).rgb]).toEqual([255, 0, 128]);
  });

  it('refuses what is no picture', async () => {
    const png = await encodePng(picture(1, 40, 40), {});
    for (const bytes of [Buffer.alloc(0), Buffer.from('GIF89a'), png.subarray(0, 60), png.subarray(0, png.length - 200)]) {
      expect(await codeOf(() => decodePng(bytes))).toBe('corrupt-file');
    }
    const rgb = new Uint8Array(12);
    for (const [width, height] of [[2, 3], [0, 0], [-2, -2], [1.5, 8 / 3], [Number.NaN, 1]] as const) {
      expect(await codeOf(() => encodePng({ width, height, rgb }, {}))).toBe('invalid-input');
    }
  });
});
