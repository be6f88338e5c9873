// Decodes the small pictures that events carry. Pure; drawing is the canvas's business.
import type { RgbPicture } from '../../main/contract/schemas.ts';

/**
 * RGBA bytes (width · height · 4, opaque, rows from the top) of a picture's base64 RGB.
 * Throws a RangeError when the bytes do not fill the picture exactly, and what `atob` throws for no base64.
 */
export function decodeRgb(picture: RgbPicture): Uint8ClampedArray<ArrayBuffer> {
  const bytes = atob(picture.rgb);
  const pixels = picture.width * picture.height;
  if (bytes.length !== pixels * 3) {
    throw new RangeError(`A picture of ${picture.width}×${picture.height} needs ${pixels * 3} bytes, not ${bytes.length}.`);
  }
  const rgba = new Uint8ClampedArray(pixels * 4);
  for (let from = 0, to = 0; to < rgba.length; from += 3, to += 4) {
    rgba[to] = bytes.charCodeAt(from);
    rgba[to + 1] = bytes.charCodeAt(from + 1);
    rgba[to + 2] = bytes.charCodeAt(from + 2);
    rgba[to + 3] = 255;
  }
  return rgba;
}
