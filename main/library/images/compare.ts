// How far two pictures are apart.
import { StudioError } from '../../contract/errors.ts';
import { assertPicture, type Picture } from './png.ts';

/** Peak signal-to-noise ratio over all RGB bytes, in decibels; null when they are identical. Throws `invalid-input` for unequal sizes. */
export function comparePixels(a: Picture, b: Picture): number | null {
  assertPicture(a);
  assertPicture(b);
  if (a.width !== b.width || a.height !== b.height) {
    throw new StudioError('invalid-input', `A picture of ${a.width}×${a.height} cannot be compared with one of ${b.width}×${b.height}.`);
  }
  let squares = 0;
  for (let i = 0; i < a.rgb.length; i++) squares += (a.rgb[i]! - b.rgb[i]!) ** 2;
  return squares === 0 ? null : 10 * Math.log10((255 ** 2 * a.rgb.length) / squares);
}
