// Finds which object, in which colour and where, explains a piece of a picture best: each portrait is laid over the background
// and compared with the picture. Knows nothing of facts or sentences.
import { portraitMargin } from '../render.ts';
import { workSize, type Lab } from './lab.ts';
import type { Backdrop, Box } from './segment.ts';
import type { Level, Portrait } from './templates.ts';

/** Centre and radius in working pixels. */
export interface Pose {
  x: number;
  y: number;
  radius: number;
}

export interface Match extends Pose {
  portrait: Portrait;
  /** How much squared distance the object explains: background's error less its own, over its whole canvas. */
  gain: number;
}

/** Beyond this squared distance a pixel is simply wrong; how wrong says nothing. */
export const ceiling = 0.04;

/** Lays a portrait at a pose over the backdrop and sums what it explains. */
function gainOf(picture: Lab, backdrop: Backdrop, portrait: Portrait, pose: Pose, stride = 1): number {
  let gain = 0;
  overlay(portrait, pose, (i) => {
    const rest = 1 - probe.alpha;
    const l = probe.l + rest * backdrop.lab[i * 3]! - picture[i * 3]!;
    const a = probe.a + rest * backdrop.lab[i * 3 + 1]! - picture[i * 3 + 1]!;
    const b = probe.b + rest * backdrop.lab[i * 3 + 2]! - picture[i * 3 + 2]!;
    gain += Math.min(backdrop.distance[i]!, ceiling) - Math.min(l * l + a * a + b * b, ceiling);
  }, stride);
  return gain * stride * stride;
}

/** Calls back for every working pixel (or every `stride`-th) that a portrait at a pose covers, with its colour in `probe`. */
function overlay(portrait: Portrait, { x, y, radius }: Pose, pixel: (i: number) => void, stride = 1): void {
  const half = radius * portraitMargin;
  const level = levelFor(portrait, 2 * half);
  const perPixel = level.size / (2 * half);
  const [x0, x1] = [Math.max(0, Math.floor(x - half)), Math.min(workSize, Math.ceil(x + half))];
  const [y0, y1] = [Math.max(0, Math.floor(y - half)), Math.min(workSize, Math.ceil(y + half))];
  for (let v = y0; v < y1; v += stride) {
    for (let u = x0; u < x1; u += stride) {
      sampleAt(level, (u + 0.5 - x + half) * perPixel - 0.5, (v + 0.5 - y + half) * perPixel - 0.5);
      if (probe.alpha > 0.02) pixel(v * workSize + u);
    }
  }
}

/** The backdrop with a found object on it; all that the object covers counts as explained. */
export function explainedAway(backdrop: Backdrop, match: Match): Backdrop {
  const distance = backdrop.distance.slice();
  const reach = { ...match, radius: match.radius * 1.06 };
  overlay(match.portrait, reach, (i) => { distance[i] = 0; });
  return { ...backdrop, distance };
}

function levelFor(portrait: Portrait, pixels: number): Level {
  return portrait.levels.find(({ size }) => size >= pixels * 0.8) ?? portrait.levels.at(-1)!;
}

/** Where `sampleAt` puts its result: colours multiplied by opacity. Reused, since it is filled a million times a picture. */
const probe = { alpha: 0, l: 0, a: 0, b: 0 };

/** Bilinear value of a level; outside it is empty. */
function sampleAt(level: Level, x: number, y: number): void {
  probe.alpha = probe.l = probe.a = probe.b = 0;
  const [u, v] = [Math.floor(x), Math.floor(y)];
  const [right, below] = [x - u, y - v];
  addTap(level, u, v, (1 - right) * (1 - below));
  addTap(level, u + 1, v, right * (1 - below));
  addTap(level, u, v + 1, (1 - right) * below);
  addTap(level, u + 1, v + 1, right * below);
}

function addTap({ size, lab, alpha }: Level, u: number, v: number, share: number): void {
  if (u < 0 || v < 0 || u >= size || v >= size) return;
  const at = v * size + u;
  const weight = share * alpha[at]!;
  if (weight === 0) return;
  probe.alpha += weight;
  probe.l += weight * lab[at * 3]!;
  probe.a += weight * lab[at * 3 + 1]!;
  probe.b += weight * lab[at * 3 + 2]!;
}

/** The pose at which a portrait's drawing fills a box. */
function poseIn(piece: Box, { box }: Portrait): Pose {
  const side = Math.max((piece.right - piece.left) / (box.right - box.left), (piece.bottom - piece.top) / (box.bottom - box.top));
  return {
    radius: side / 2 / portraitMargin,
    x: (piece.left + piece.right) / 2 - ((box.left + box.right) / 2 - 0.5) * side,
    y: (piece.top + piece.bottom) / 2 - ((box.top + box.bottom) / 2 - 0.5) * side,
  };
}

/** The box a match's drawing fills. */
export function boxOf({ x, y, radius, portrait: { box } }: Match): Box {
  const half = radius * portraitMargin;
  const at = (centre: number, share: number): number => centre + (2 * share - 1) * half;
  return { left: at(x, box.left), right: at(x, box.right), top: at(y, box.top), bottom: at(y, box.bottom) };
}

/** Objects stand inside the picture and are neither crumbs nor larger than it. */
function possible({ x, y, radius }: Pose): boolean {
  return radius >= 4 && radius <= workSize / 2 && Math.min(x, y) >= 0 && Math.max(x, y) <= workSize;
}

/** Moves and scales while that explains more; steps halve from `reach` pixels down to a quarter. */
function settle(picture: Lab, backdrop: Backdrop, start: Match, reach: number): Match {
  const stride = start.radius > 9 ? 2 : 1;
  let best = { ...start, gain: gainOf(picture, backdrop, start.portrait, start, stride) };
  for (let step = reach; step >= 0.25; step /= 2) {
    for (let improved = true; improved;) {
      improved = false;
      for (const [dx, dy, dr] of [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1], [0, 0.7, -0.7], [0, -0.7, -0.7]] as const) {
        const pose = { x: best.x + dx * step, y: best.y + dy * step, radius: best.radius + dr * step };
        if (!possible(pose)) continue;
        const gain = gainOf(picture, backdrop, best.portrait, pose, stride);
        if (gain > best.gain + 1e-6) { best = { ...best, ...pose, gain }; improved = true; }
      }
    }
  }
  return { ...best, gain: gainOf(picture, backdrop, best.portrait, best) };
}

export interface Effort {
  /** How many of the most promising matches are moved and scaled. */
  keep: number;
  /** First step of that in pixels. */
  reach: number;
  /** Only the most promising of each kind. */
  variety: boolean;
}

/**
 * What may stand in one of some boxes, best first. Every portrait is tried in every box, on about 150 pixels, and the
 * most promising ones are moved and scaled to fit.
 */
export function explain(picture: Lab, backdrop: Backdrop, portraits: readonly Portrait[], boxes: readonly Box[], { keep, reach, variety }: Effort): Match[] {
  const coarse = boxes.flatMap((box) => portraits.map((portrait): Match => {
    const pose = poseIn(box, portrait);
    return { portrait, ...pose, gain: gainOf(picture, backdrop, portrait, pose, Math.max(1, Math.round(pose.radius / 6))) };
  }));
  const promising = coarse.filter(possible).sort((a, b) => b.gain - a.gain);
  const chosen = variety ? promising.filter((match, i) => promising.findIndex(({ portrait }) => portrait.kind === match.portrait.kind) === i) : promising;
  return chosen.slice(0, keep)
    .map((match) => settle(picture, backdrop, match, reach))
    .sort((a, b) => b.gain - a.gain);
}
