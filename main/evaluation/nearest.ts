// Pictures as small descriptors, and the nearest of many to one. Exact, and quick enough for thousands of pictures.
// Knows neither where pictures come from nor which distance means a copy.
import { toLab } from '../storybook/sight/lab.ts';
import type { Pixels } from './record.ts';

/** Cells along a side of a descriptor. */
const side = 16;
/** Cells of a descriptor that make one of the coarse look, along a side. */
const step = 4;
const coarseSide = side / step;
const cells = side * side;
const coarseLength = coarseSide * coarseSide * 3;

/** Bytes of a descriptor. */
export const descriptorLength = cells * 3;

/**
 * Mean colours of 16 × 16 cells in Oklab, a byte each: 255·L, 128 + 255·a, 128 + 255·b. All colours of the screen fit, and none has
 * an a of 0: a descriptor of zeros is none.
 */
export function describePicture({ width, height, rgb }: Pixels): Uint8Array {
  const small = new Uint8Array(descriptorLength);
  for (let row = 0; row < side; row++) {
    const [y0, y1] = span(row, height);
    for (let column = 0; column < side; column++) {
      const [x0, x1] = span(column, width);
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) sum += rgb[(y * width + x) * 3 + channel]!;
        small[(row * side + column) * 3 + channel] = Math.round(sum / ((y1 - y0) * (x1 - x0)));
      }
    }
  }
  return Uint8Array.from(toLab(small, 3), (value, i) => Math.round(255 * value) + (i % 3 === 0 ? 0 : 128));
}

/** The pixels of one cell along an axis; at least one, so that the smallest pictures have a descriptor too. */
function span(cell: number, length: number): [number, number] {
  const start = Math.min(length - 1, Math.round((cell * length) / side));
  return [start, Math.max(start + 1, Math.round(((cell + 1) * length) / side))];
}

export interface Neighbour {
  /** Number in the list. */
  readonly index: number;
  /** Root mean square difference of the cells' Oklab colours. */
  readonly distance: number;
}

/** As a neighbour's. */
export function descriptorDistance(a: Uint8Array, b: Uint8Array): number {
  let squares = 0;
  for (let i = 0; i < descriptorLength; i++) squares += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(squares / cells) / 255;
}

/** Many descriptors that can be searched. */
export class NearestSearch {
  readonly count: number;
  readonly #descriptors: Uint8Array;
  readonly #coarse: Float32Array;
  readonly #bounds: Float64Array;

  /**
   * @param descriptors any number of them, one after the other
   * @throws RangeError when the bytes are none, or not whole descriptors
   */
  constructor(descriptors: Uint8Array) {
    if (descriptors.length === 0 || descriptors.length % descriptorLength !== 0) throw new RangeError(`${descriptors.length} bytes are no list of descriptors.`);
    this.count = descriptors.length / descriptorLength;
    this.#descriptors = descriptors;
    this.#coarse = new Float32Array(this.count * coarseLength);
    for (let i = 0; i < this.count; i++) addUp(descriptors, i * descriptorLength, this.#coarse, i * coarseLength);
    this.#bounds = new Float64Array(this.count);
  }

  /** The nearest; of equals the first. */
  nearest(descriptor: Uint8Array): Neighbour {
    const coarse = new Float32Array(coarseLength);
    addUp(descriptor, 0, coarse, 0);
    // The squared difference of n cells' sums is at most n times the sum of their squared differences: most candidates are
    // ruled out by their coarse look, and the one with the least bound makes a good start.
    let best = 0;
    for (let i = 0; i < this.count; i++) {
      let sum = 0;
      for (let k = 0, at = i * coarseLength; k < coarseLength; k++) {
        const difference = coarse[k]! - this.#coarse[at + k]!;
        sum += difference * difference;
      }
      this.#bounds[i] = sum / (step * step);
      if (this.#bounds[i]! < this.#bounds[best]!) best = i;
    }
    let least = this.#squares(descriptor, best, Infinity);
    for (let i = 0; i < this.count; i++) {
      if (this.#bounds[i]! > least) continue;
      const squares = this.#squares(descriptor, i, least);
      if (squares < least || (squares === least && i < best)) [best, least] = [i, squares];
    }
    return { index: best, distance: Math.sqrt(least / cells) / 255 };
  }

  /** Sum of squared differences, given up beyond `limit`. */
  #squares(descriptor: Uint8Array, index: number, limit: number): number {
    const at = index * descriptorLength;
    let sum = 0;
    for (let row = 0; row < descriptorLength; row += side * 3) {
      for (let k = row; k < row + side * 3; k++) {
        const difference = descriptor[k]! - this.#descriptors[at + k]!;
        sum += difference * difference;
      }
      if (sum > limit) return Infinity;
    }
    return sum;
  }
}

function addUp(descriptor: Uint8Array, from: number, out: Float32Array, to: number): void {
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const target = to + (Math.floor(row / step) * coarseSide + Math.floor(column / step)) * 3;
      const source = from + (row * side + column) * 3;
      for (let channel = 0; channel < 3; channel++) out[target + channel]! += descriptor[source + channel]!;
    }
  }
}
