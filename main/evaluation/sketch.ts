// Descriptors sketched in 49 bytes: their low frequencies and the size of what is left, from which a bound below every distance follows.
// So most of many pictures can be ruled out as neighbours without having them. Knows neither pictures nor where sketches are kept.
import { descriptorLength } from './nearest.ts';

/** Cells along a side of a descriptor. */
const side = 16;
/** Highest sum of both frequencies that is kept: of lightness, and of the two colour axes. */
const kept = [6, 3, 3] as const;
/** The width of a byte's interval, and its middle one: of the means, of the other frequencies, of the rest's size. */
const mean = { step: 16, zero: 2048 };
const wave = { step: 12, zero: 0 };
const rest = { step: 6, zero: 762 };

interface Frequency {
  readonly channel: number;
  readonly row: number;
  readonly column: number;
}

/** Low ones first, for they tell most. */
const frequencies: readonly Frequency[] = kept.flatMap((most, channel) => Array.from({ length: most + 1 }, (_, row) =>
  Array.from({ length: most + 1 - row }, (_unused, column) => ({ channel, row, column }))).flat()).sort((a, b) => a.row + a.column - b.row - b.column);

/** Bytes of a sketch. */
export const sketchLength = frequencies.length + 1;

const scales = [...frequencies.map(({ row, column }) => (row + column === 0 ? mean : wave)), rest];

/** Orthonormal cosines (DCT-II), so that sums of squares stay what they are. */
const cosines = Array.from({ length: side }, (_, u) => Float64Array.from({ length: side }, (_unused, x) => Math.sqrt((u === 0 ? 1 : 2) / side) * Math.cos(((2 * x + 1) * u * Math.PI) / (2 * side))));

/** The numbers of which a sketch keeps the intervals. */
export function outline(descriptor: Uint8Array): Float64Array {
  const numbers = new Float64Array(sketchLength);
  let left = 0;
  for (let i = 0; i < descriptorLength; i++) left += descriptor[i]! ** 2;
  for (const [k, { channel, row, column }] of frequencies.entries()) {
    let sum = 0;
    for (let y = 0; y < side; y++) {
      let line = 0;
      for (let x = 0; x < side; x++) line += cosines[column]![x]! * descriptor[(y * side + x) * 3 + channel]!;
      sum += cosines[row]![y]! * line;
    }
    numbers[k] = sum;
    left -= sum * sum;
  }
  numbers[frequencies.length] = Math.sqrt(Math.max(0, left));
  return numbers;
}

export function sketch(descriptor: Uint8Array): Int8Array {
  return Int8Array.from(outline(descriptor), (value, k) => Math.max(-128, Math.min(127, Math.round((value - scales[k]!.zero) / scales[k]!.step))));
}

/** Ends of the intervals that bytes stand for, by byte + 128; the outermost are open. */
const lows = scales.map(({ zero, step }) => Float64Array.from({ length: 256 }, (_, i) => (i === 0 ? -Infinity : zero + (i - 128.5) * step)));
const highs = scales.map(({ zero, step }) => Float64Array.from({ length: 256 }, (_, i) => (i === 255 ? Infinity : zero + (i - 127.5) * step)));

/**
 * Numbers of the sketches, in `sketches` one after the other, whose descriptors may be nearer than `distance` to one with this outline: no
 * other can be. @param distance root mean square difference of the cells' colours, as NearestSearch measures it
 */
export function mayBeNearer(of: Float64Array, distance: number, sketches: Int8Array): number[] {
  // In squares of bytes over all cells; a little more, against rounding.
  const most = (distance * 255) ** 2 * side * side * (1 + 1e-9);
  const found: number[] = [];
  for (let i = 0; i < sketches.length / sketchLength; i++) {
    let sum = 0;
    for (let k = 0; k < sketchLength && sum <= most; k++) {
      const byte = sketches[i * sketchLength + k]! + 128;
      const outside = Math.max(0, lows[k]![byte]! - of[k]!, of[k]! - highs[k]![byte]!);
      sum += outside * outside;
    }
    if (sum <= most) found.push(i);
  }
  return found;
}

/** Whether a sketch is one of this descriptor, drawn perhaps on another machine, whose arithmetic may differ by a level here and there. */
export function isSketchOf(bytes: Int8Array, descriptor: Uint8Array): boolean {
  const again = sketch(descriptor);
  return bytes.length === sketchLength && bytes.every((byte, k) => Math.abs(byte - again[k]!) <= 2);
}
