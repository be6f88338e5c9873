// How colourful and how contrasty a picture is as a whole, in [0, 1]. For comparing sets of pictures; says nothing of a single fact.

/**
 * Mean chroma: the largest less the smallest of a pixel's sRGB values, as a share of 255, over all pixels. 0 for grays, 1 when
 * every pixel is a pure primary or secondary colour.
 * @param rgb three bytes a pixel
 * @returns 0 for no pixels
 */
export function saturation(rgb: Uint8Array): number {
  const count = Math.floor(rgb.length / 3);
  let sum = 0;
  for (let i = 0; i < count * 3; i += 3) {
    const [r, g, b] = [rgb[i]!, rgb[i + 1]!, rgb[i + 2]!];
    sum += Math.max(r, g, b) - Math.min(r, g, b);
  }
  return count === 0 ? 0 : sum / count / 255;
}

/**
 * Root mean square contrast: the standard deviation of luma (0.2126 R + 0.7152 G + 0.0722 B of the sRGB values, Rec. 709), as a share
 * of the largest there can be, half of the range. 0 for one flat tone, 1 for black and white in equal parts.
 * @param rgb three bytes a pixel
 * @returns 0 for no pixels
 */
export function contrast(rgb: Uint8Array): number {
  const count = Math.floor(rgb.length / 3);
  if (count === 0) return 0;
  let [sum, squares] = [0, 0];
  for (let i = 0; i < count * 3; i += 3) {
    const luma = 0.2126 * rgb[i]! + 0.7152 * rgb[i + 1]! + 0.0722 * rgb[i + 2]!;
    sum += luma;
    squares += luma * luma;
  }
  const variance = squares / count - (sum / count) ** 2;
  return Math.min(1, Math.sqrt(Math.max(0, variance)) / 127.5);
}
