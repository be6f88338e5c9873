// Finds which object, in which colour and where, explains a piece of a picture best: each portrait is laid over the background
// and compared with the picture. Knows nothing of facts or sentences.
import { workSize } from './lab.ts';
import { boxOf, cover, gainOf, poseIn, type Pose, type View } from './overlay.ts';
import type { Backdrop, Box } from './segment.ts';
import type { Portrait } from './templates.ts';

export interface Match extends Pose {
  portrait: Portrait;
  /** How much squared distance the object explains: background's error less its own, over the pixels it covers. */
  gain: number;
}

/** The backdrop with a found object on it; all that the object covers counts as explained. */
export function explainedAway(backdrop: Backdrop, match: Match): Backdrop {
  const distance = backdrop.distance.slice();
  cover(match.portrait, { ...match, radius: match.radius * 1.06 }, (i) => { distance[i] = 0; });
  return { ...backdrop, distance };
}

/** The backdrop with all that stands in a box taken for part of it. */
export function setAside(backdrop: Backdrop, { left, right, top, bottom }: Box): Backdrop {
  const distance = backdrop.distance.slice();
  for (let v = Math.max(0, Math.floor(top)); v < Math.min(workSize, bottom); v += 1) {
    distance.fill(0, v * workSize + Math.max(0, Math.floor(left)), v * workSize + Math.min(workSize, Math.ceil(right)));
  }
  return { ...backdrop, distance };
}

/** Objects stand inside the picture and are neither crumbs nor larger than it. */
function possible({ x, y, radius }: Pose): boolean {
  return radius >= 4 && radius <= workSize / 2 && Math.min(x, y) >= 0 && Math.max(x, y) <= workSize;
}

const moves = [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1], [0, 0.7, -0.7], [0, -0.7, -0.7]] as const;

/** Moves and scales while that explains more; steps halve from `reach` pixels to `finest`. The gain returned is exact. */
function settle(view: View, start: Match, reach: number, finest: number): Match {
  const { portrait } = start;
  // Outlines are what places dark things in the dark: the last touch needs them all.
  const stride = Math.max(1, Math.floor(start.radius / (finest < 0.5 ? 14 : 7)));
  let best: Pose = start;
  let gain = gainOf(view, portrait, start, stride);
  for (let step = reach; step >= finest; step /= 2) {
    for (let improved = true; improved;) {
      improved = false;
      for (const [dx, dy, dr] of moves) {
        const pose = { x: best.x + dx * step, y: best.y + dy * step, radius: best.radius + dr * step };
        if (!possible(pose)) continue;
        const now = gainOf(view, portrait, pose, stride);
        if (now > gain + 1e-6) { best = pose; gain = now; improved = true; }
      }
    }
  }
  return { portrait, x: best.x, y: best.y, radius: best.radius, gain: gainOf(view, portrait, best, 1) };
}

const byGain = (a: Match, b: Match): number => b.gain - a.gain;

/** The first of each kind in a sorted list. */
function onePerKind(matches: readonly Match[]): Match[] {
  const seen = new Set<string>();
  return matches.filter(({ portrait: { kind } }) => !seen.has(kind) && seen.add(kind));
}

/** How many of a survey get a closer look. */
const promising = 120;

/** Every portrait in every box, on a few dozen pixels each, and the most promising ones on three times as many; best first. */
function survey(view: View, portraits: readonly Portrait[], boxes: readonly Box[]): Match[] {
  const looked = (match: Omit<Match, 'gain'>, share: number): Match =>
    ({ ...match, gain: gainOf(view, match.portrait, match, Math.max(1, Math.floor(match.radius * share))) });
  const rough: Match[] = [];
  for (const box of boxes) {
    for (const portrait of portraits) {
      const pose = poseIn(box, portrait);
      if (!possible(pose)) continue;
      rough.push(looked({ portrait, ...pose }, 0.3));
    }
  }
  return rough.sort(byGain).slice(0, promising).map((match) => looked(match, 0.2)).sort(byGain);
}

/** How many kinds are moved and scaled to fit: first to find the place; then, there, every kind a little and so many to the end. */
const keptKinds = { somewhere: 8, there: 4 };

/**
 * What may stand in one of some boxes, best first: the winner and its rivals at the same place, each at its best pose and
 * with its exact gain. Other colours of the winning kind are compared at the winner's pose.
 */
export function explain(view: View, portraits: readonly Portrait[], boxes: readonly Box[]): Match[] {
  const somewhere = onePerKind(survey(view, portraits, boxes)).slice(0, keptKinds.somewhere)
    .map((match) => settle(view, match, 2, 0.5)).filter(({ gain }) => gain > 0).sort(byGain);
  const [best] = somewhere;
  if (best === undefined) return [];
  // Once more at the place found, so that every kind had its chance there.
  const there = onePerKind(survey(view, portraits, [boxOf(best.portrait, best)])).map((match) => settle(view, match, 1, 1));
  const rivals = somewhere.filter(({ x, y }) => Math.max(Math.abs(x - best.x), Math.abs(y - best.y)) < best.radius / 2);
  const kinds = onePerKind([...rivals, ...there].sort(byGain)).slice(0, keptKinds.there)
    .map((match) => settle(view, match, 0.5, 0.25)).sort(byGain);
  const winner = kinds[0]!;
  const colours = portraits.filter(({ kind }) => kind === winner.portrait.kind)
    .map((portrait): Match => ({ ...winner, portrait, gain: gainOf(view, portrait, winner, 1) }));
  return [...colours, ...kinds.slice(1)].sort(byGain);
}
