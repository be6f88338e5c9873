// Separates what stands in a picture from what lies behind it: which background, which pixels are not of it, and in how many
// pieces. Knows the backgrounds, but no objects.
import type { Background } from '../vocabulary.ts';
import { distance2, workSize, type Lab } from './lab.ts';
import type { Templates } from './templates.ts';

export interface Backdrop {
  name: Background;
  /** The background's colour behind every pixel: of its drifts the one nearest to the picture. */
  lab: Lab;
  /** Squared distance of each pixel of the picture from it. */
  distance: Float32Array;
  /** Share of the pixels that look like it. */
  share: number;
}

/** In working pixels, right and bottom exclusive. */
export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface Piece extends Box {
  /** Pixels in it. */
  area: number;
}

/** A pixel this near to the background belongs to it. */
const near = 0.055;
const count = workSize * workSize;

/** The picture before one background. */
function before(picture: Lab, drifts: readonly Lab[], name: Background): Backdrop {
  const lab = new Float32Array(count * 3);
  const distance = new Float32Array(count);
  let alike = 0;
  for (let i = 0; i < count; i += 1) {
    let best = Infinity;
    for (const drift of drifts) {
      const d = distance2(picture, i * 3, drift, i * 3);
      if (d >= best) continue;
      best = d;
      lab.set(drift.subarray(i * 3, i * 3 + 3), i * 3);
    }
    distance[i] = best;
    if (best < near * near) alike += 1;
  }
  return { name, lab, distance, share: alike / count };
}

/** The background that most pixels agree with, or null when none stands out. */
export function findBackdrop(picture: Lab, { backgrounds }: Templates): Backdrop | null {
  const all = (Object.entries(backgrounds) as [Background, Lab[]][]).map(([name, drifts]) => before(picture, drifts, name));
  all.sort((a, b) => b.share - a.share);
  const [best, next] = [all[0]!, all[1]!];
  return best.share > 0.25 && best.share > next.share + 0.1 ? best : null;
}

/** Connected pieces that are not background, largest first; crumbs such as a star in the night are left out. */
export function pieces(distance: Float32Array, smallest = 0.004 * count): Piece[] {
  const open = Uint8Array.from(distance, (d) => (d > near * near ? 1 : 0));
  const found: Piece[] = [];
  for (let start = 0; start < count; start += 1) {
    if (open[start] === 0) continue;
    const piece = { left: workSize, right: 0, top: workSize, bottom: 0, area: 0 };
    const stack = [start];
    open[start] = 0;
    while (stack.length > 0) {
      const at = stack.pop()!;
      const [x, y] = [at % workSize, Math.floor(at / workSize)];
      piece.left = Math.min(piece.left, x);
      piece.right = Math.max(piece.right, x + 1);
      piece.top = Math.min(piece.top, y);
      piece.bottom = Math.max(piece.bottom, y + 1);
      piece.area += 1;
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [1, -1], [-1, 1], [-1, -1]] as const) {
        const [u, v] = [x + dx, y + dy];
        if (u < 0 || v < 0 || u >= workSize || v >= workSize || open[v * workSize + u] === 0) continue;
        open[v * workSize + u] = 0;
        stack.push(v * workSize + u);
      }
    }
    if (piece.area >= smallest) found.push(piece);
  }
  return found.sort((a, b) => b.area - a.area);
}
