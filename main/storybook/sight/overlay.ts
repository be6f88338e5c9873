// Lays a portrait over a backdrop and compares with the picture, pixel by pixel: the evaluator's innermost loops, so they are
// plain and typed. Knows neither how a pose was found nor what is concluded from the numbers.
import { portraitMargin } from '../render.ts';
import { ceiling, workSize, type Lab } from './lab.ts';
import type { Backdrop, Box } from './segment.ts';
import type { Level, Portrait } from './templates.ts';

/** A picture before the background that was found in it. */
export interface View {
  picture: Lab;
  backdrop: Backdrop;
}

/** Centre and radius in working pixels. */
export interface Pose {
  x: number;
  y: number;
  radius: number;
}

/** Texels below this opacity do not count as covered. */
export const leastOpacity = 0.02;

function levelFor({ levels }: Portrait, pixels: number): Level {
  return levels.find(({ size }) => size >= pixels * 0.8) ?? levels.at(-1)!;
}

/**
 * How much squared distance an object explains: the backdrop's less its own, over the pixels it covers.
 * @param stride looks at every so many-th pixel in both directions only; the sum is scaled up accordingly
 * @param bottom rows from here on are left out
 */
export function gainOf({ picture, backdrop }: View, portrait: Portrait, { x, y, radius }: Pose, stride: number, bottom = workSize): number {
  const half = radius * portraitMargin;
  const { size, texels } = levelFor(portrait, 2 * half);
  const behind = backdrop.lab;
  const { distance } = backdrop;
  const side = size + 2;
  const row = side * 4;
  const perPixel = size / (2 * half);
  // Pixels on a grid that does not move with the pose, so that poses are compared by the same ones.
  const u0 = stride * Math.max(0, Math.ceil((x - half - 0.5) / stride));
  const v0 = stride * Math.max(0, Math.ceil((y - half - 0.5) / stride));
  const u1 = Math.min(workSize, x + half + 0.5);
  const v1 = Math.min(bottom, y + half + 0.5);
  let gain = 0;
  for (let v = v0; v < v1; v += stride) {
    const t = (v + 0.5 - y + half) * perPixel + 0.5;
    if (t < 0 || t >= side - 1) continue;
    const top = Math.trunc(t);
    const below = t - top;
    for (let u = u0; u < u1; u += stride) {
      const s = (u + 0.5 - x + half) * perPixel + 0.5;
      if (s < 0 || s >= side - 1) continue;
      const left = Math.trunc(s);
      const right = s - left;
      const p = (top * side + left) * 4;
      const q = p + row;
      const a = (1 - right) * (1 - below);
      const b = right * (1 - below);
      const c = (1 - right) * below;
      const d = right * below;
      const alpha = a * texels[p]! + b * texels[p + 4]! + c * texels[q]! + d * texels[q + 4]!;
      if (alpha < leastOpacity) continue;
      const i = v * workSize + u;
      const rest = 1 - alpha;
      const dl = a * texels[p + 1]! + b * texels[p + 5]! + c * texels[q + 1]! + d * texels[q + 5]! + rest * behind[i * 3]! - picture[i * 3]!;
      const da = a * texels[p + 2]! + b * texels[p + 6]! + c * texels[q + 2]! + d * texels[q + 6]! + rest * behind[i * 3 + 1]! - picture[i * 3 + 1]!;
      const db = a * texels[p + 3]! + b * texels[p + 7]! + c * texels[q + 3]! + d * texels[q + 7]! + rest * behind[i * 3 + 2]! - picture[i * 3 + 2]!;
      const own = dl * dl + da * da + db * db;
      gain += distance[i]! - (own < ceiling ? own : ceiling);
    }
  }
  return gain * stride * stride;
}

/** The backdrop with a portrait laid over it at a pose, and the opacity it has there. For what is done once an object. */
export function paint(backdrop: Backdrop, portrait: Portrait, { x, y, radius }: Pose): { lab: Lab; opacity: Float32Array } {
  const half = radius * portraitMargin;
  const { size, texels } = levelFor(portrait, 2 * half);
  const lab = backdrop.lab.slice();
  const opacity = new Float32Array(workSize * workSize);
  const side = size + 2;
  const texel = (from: number): number => ((from + half) * size) / (2 * half) + 0.5;
  for (let v = Math.max(0, Math.floor(y - half)); v < Math.min(workSize, y + half); v += 1) {
    for (let u = Math.max(0, Math.floor(x - half)); u < Math.min(workSize, x + half); u += 1) {
      const [s, t] = [texel(u + 0.5 - x), texel(v + 0.5 - y)];
      if (s < 0 || t < 0 || s >= side - 1 || t >= side - 1) continue;
      const [left, top] = [Math.trunc(s), Math.trunc(t)];
      const [right, below] = [s - left, t - top];
      const p = (top * side + left) * 4;
      const q = p + side * 4;
      const mixed = (channel: number): number => (1 - below) * ((1 - right) * texels[p + channel]! + right * texels[p + 4 + channel]!)
        + below * ((1 - right) * texels[q + channel]! + right * texels[q + 4 + channel]!);
      const i = v * workSize + u;
      opacity[i] = mixed(0);
      for (let channel = 0; channel < 3; channel += 1) lab[i * 3 + channel] = mixed(channel + 1) + (1 - opacity[i]!) * backdrop.lab[i * 3 + channel]!;
    }
  }
  return { lab, opacity };
}

/** The box that a portrait's drawing fills at a pose. */
export function boxOf({ box }: Portrait, { x, y, radius }: Pose): Box {
  const half = radius * portraitMargin;
  const at = (centre: number, share: number): number => centre + (2 * share - 1) * half;
  return { left: at(x, box.left), right: at(x, box.right), top: at(y, box.top), bottom: at(y, box.bottom) };
}

/** The pose at which a portrait's drawing fills a box: the larger of both scales. */
export function poseIn(piece: Box, { box }: Portrait): Pose {
  const side = Math.max((piece.right - piece.left) / (box.right - box.left), (piece.bottom - piece.top) / (box.bottom - box.top));
  return {
    radius: side / 2 / portraitMargin,
    x: (piece.left + piece.right) / 2 - ((box.left + box.right) / 2 - 0.5) * side,
    y: (piece.top + piece.bottom) / 2 - ((box.top + box.bottom) / 2 - 0.5) * side,
  };
}

/** Calls back for every working pixel that a portrait covers at a pose. For what is done once an object, not a thousand times. */
export function cover(portrait: Portrait, { x, y, radius }: Pose, onPixel: (pixel: number) => void): void {
  const half = radius * portraitMargin;
  const { size, texels } = levelFor(portrait, 2 * half);
  const texel = (from: number): number => Math.round(((from + half) * size) / (2 * half) + 0.5);
  for (let v = Math.max(0, Math.floor(y - half)); v < Math.min(workSize, y + half); v += 1) {
    for (let u = Math.max(0, Math.floor(x - half)); u < Math.min(workSize, x + half); u += 1) {
      const [s, t] = [texel(u + 0.5 - x), texel(v + 0.5 - y)];
      if (s < 0 || t < 0 || s > size + 1 || t > size + 1) continue;
      if (texels[(t * (size + 2) + s) * 4]! >= leastOpacity) onPixel(v * workSize + u);
    }
  }
}
