// Separates what stands in a picture from what lies behind it: which background, which pixels are not of it, and in how many
// pieces. Knows the backgrounds, but no objects.
import type { Background } from '../vocabulary.ts';
import { ceiling, distance2, workSize, type Lab } from './lab.ts';
import type { Templates } from './templates.ts';

export interface Backdrop {
  name: Background;
  /** The background's colour behind every pixel: of its drifts the one nearest to the picture. */
  lab: Lab;
  /** Squared distance of each pixel of the picture from it, at most `ceiling`. */
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
  const distance = new Float32Array(count).fill(Infinity);
  const nearest = new Uint8Array(count);
  drifts.forEach((drift, k) => {
    for (let i = 0; i < count; i += 1) {
      const d = distance2(picture, i * 3, drift, i * 3);
      if (d < distance[i]!) { distance[i] = d; nearest[i] = k; }
    }
  });
  const lab = new Float32Array(count * 3);
  let alike = 0;
  for (let i = 0; i < count; i += 1) {
    const drift = drifts[nearest[i]!]!;
    for (let channel = i * 3; channel < i * 3 + 3; channel += 1) lab[channel] = drift[channel]!;
    if (distance[i]! < near * near) alike += 1;
    else if (distance[i]! > ceiling) distance[i] = ceiling;
  }
  return { name, lab, distance, share: alike / count };
}

/** Share of every third pixel in both directions that one drawing of a background agrees with, however it drifts. */
function roughShare(picture: Lab, drifts: readonly Lab[]): number {
  let [alike, looked] = [0, 0];
  for (let y = 1; y < workSize; y += 3) {
    for (let x = 1; x < workSize; x += 3) {
      const at = (y * workSize + x) * 3;
      looked += 1;
      if (drifts.some((drift) => distance2(picture, at, drift, at) < near * near)) alike += 1;
    }
  }
  return alike / looked;
}

/** The background that most pixels agree with, or null when none stands out. */
export function findBackdrop(picture: Lab, { backgrounds }: Templates): Backdrop | null {
  const [first, second] = (Object.entries(backgrounds) as [Background, Lab[]][])
    .map(([name, drifts]) => ({ name, drifts, share: roughShare(picture, drifts) }))
    .sort((a, b) => b.share - a.share)
    .slice(0, 2)
    .map(({ name, drifts }) => before(picture, drifts, name));
  const [best, next] = first!.share >= second!.share ? [first!, second!] : [second!, first!];
  return best.share > 0.25 && best.share > next.share + 0.1 ? best : null;
}

/** Pieces smaller than this are crumbs such as a star in the night, flatter ones what an object leaves of its shadow. */
const crumb = { area: 16, long: 8, short: 4 };

/** Connected pieces that are not background, largest first, without crumbs. */
export function pieces(distance: Float32Array): Piece[] {
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
    const [width, height] = [piece.right - piece.left, piece.bottom - piece.top];
    if (piece.area >= crumb.area && Math.max(width, height) >= crumb.long && Math.min(width, height) >= crumb.short) found.push(piece);
  }
  return found.sort((a, b) => b.area - a.area);
}
