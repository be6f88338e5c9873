// Pictures as a person sees them: Oklab colours at one small working size, so that distances mean something and softness
// does not matter. Knows nothing of what is in a picture.
import { StudioError } from '../../contract/errors.ts';

/** Pixels along a side of every picture that is looked at. */
export const workSize = 64;

/** Beyond this squared distance a pixel is simply wrong; how wrong says nothing. */
export const ceiling = 0.04;

/** Oklab (Björn Ottosson, 2020): L, a, b of each pixel in turn, L in [0, 1]. */
export type Lab = Float32Array;

const linear = Float32Array.from({ length: 256 }, (_, v) => (v <= 10 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));

/** Writes the Oklab values of linear-light RGB at `at`. */
function writeLab(out: Lab, at: number, r: number, g: number, b: number): void {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  out[at] = 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s;
  out[at + 1] = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
  out[at + 2] = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
}

/** Colours of `count` pixels of `channels` bytes each (a fourth is ignored). */
export function toLab(bytes: Uint8Array, channels: 3 | 4): Lab {
  const count = bytes.length / channels;
  const out = new Float32Array(count * 3);
  for (let i = 0; i < count; i += 1) {
    const p = i * channels;
    writeLab(out, i * 3, linear[bytes[p]!]!, linear[bytes[p + 1]!]!, linear[bytes[p + 2]!]!);
  }
  return out;
}

/**
 * A picture at the working size, each pixel the mean of those it covers.
 * @param rgb size·size·3 bytes, rows from the top
 * @throws StudioError `invalid-input` when the bytes are not that many or the picture is smaller than the working size
 */
export function lookAt(rgb: Uint8Array, size: number): Lab {
  if (!Number.isInteger(size) || size < workSize || rgb.length !== size * size * 3) {
    throw new StudioError('invalid-input', `A picture of ${rgb.length} bytes is not ${size} × ${size} RGB pixels.`, {
      hint: `Pictures are judged from ${workSize} × ${workSize} pixels on.`,
    });
  }
  const shrunk = new Uint8Array(workSize * workSize * 3);
  const edge = (i: number): number => Math.round((i * size) / workSize);
  for (let y = 0; y < workSize; y += 1) {
    for (let x = 0; x < workSize; x += 1) {
      const [x0, x1, y0, y1] = [edge(x), edge(x + 1), edge(y), edge(y + 1)];
      for (let c = 0; c < 3; c += 1) {
        let sum = 0;
        for (let v = y0; v < y1; v += 1) for (let u = x0; u < x1; u += 1) sum += rgb[(v * size + u) * 3 + c]!;
        shrunk[(y * workSize + x) * 3 + c] = Math.round(sum / ((x1 - x0) * (y1 - y0)));
      }
    }
  }
  return softened(toLab(shrunk, 3));
}

/**
 * Weights 1, 4, 1 over neighbours in both directions: outlines are a pixel wide here, and where exactly they fall between two
 * pixels is chance. Without this, sharp pictures fit their own drawings worse than soft ones.
 */
function softened(lab: Lab): Lab {
  const row = workSize * 3;
  const across = new Float32Array(lab.length);
  for (let i = 0; i < lab.length; i += 1) {
    const at = i % row;
    across[i] = (lab[at < 3 ? i : i - 3]! + 4 * lab[i]! + lab[at >= row - 3 ? i : i + 3]!) / 6;
  }
  const out = new Float32Array(lab.length);
  for (let i = 0; i < lab.length; i += 1) {
    out[i] = (across[i < row ? i : i - row]! + 4 * across[i]! + across[i >= lab.length - row ? i : i + row]!) / 6;
  }
  return out;
}

/** Squared distance of two pixels, given by the offsets of their L. */
export function distance2(a: Lab, i: number, b: Lab, j: number): number {
  const l = a[i]! - b[j]!;
  const p = a[i + 1]! - b[j + 1]!;
  const q = a[i + 2]! - b[j + 2]!;
  return l * l + p * p + q * q;
}
