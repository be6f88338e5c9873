// How alike two pictures are, as a number.

/** Peak signal-to-noise ratio of 8-bit values of equal length, decibels; Infinity for equal ones. */
export function psnr(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) throw new RangeError('Pictures of different sizes cannot be compared.');
  let squares = 0;
  for (let i = 0; i < a.length; i++) squares += (a[i]! - b[i]!) ** 2;
  return squares === 0 ? Infinity : 10 * Math.log10((255 ** 2 * a.length) / squares);
}
