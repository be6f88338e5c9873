// What speaks for a match: how much of the picture it explains, and how far ahead of its rivals it is; and how much of that
// is enough to say something. Knows nothing of how matches are found.
import { ceiling, distance2, workSize } from './lab.ts';
import type { Match } from './match.ts';
import { boxOf, gainOf, paint, type View } from './overlay.ts';

export interface Evidence {
  /**
   * Gain as a share of all that differs from the background in the box that the object fills, without its foot, where shadows
   * lie and waves break; 1 for a perfect likeness.
   */
  explained: number;
  /** The same in a slightly larger box and forgiving: what a pixel shows may stand in the drawing one working pixel off. */
  likeness: number;
  /** Share of the gain that the best rival of another kind, or of another colour, does not reach. */
  kindLead: number;
  colourLead: number;
}

/** @param rivals what else was tried at the place of `best`, best first */
export function weigh(view: View, best: Match, rivals: readonly Match[]): Evidence {
  const lead = (differs: (other: Match) => boolean): number => (best.gain - Math.max(0, rivals.find(differs)?.gain ?? 0)) / best.gain;
  const { kind, colour } = best.portrait;
  return {
    explained: explainedBy(view, best),
    likeness: likenessOf(view, best),
    kindLead: lead(({ portrait }) => portrait.kind !== kind),
    colourLead: lead(({ portrait }) => portrait.colour !== colour),
  };
}

/** Height of the foot, of an object's radius. */
const foot = 0.22;

const ankleOf = (match: Match): number => Math.min(workSize, Math.round(boxOf(match.portrait, match).bottom - foot * match.radius));

function explainedBy(view: View, match: Match): number {
  const { left, right, top } = boxOf(match.portrait, match);
  const ankle = ankleOf(match);
  const { distance } = view.backdrop;
  let energy = 0;
  for (let v = Math.max(0, Math.floor(top)); v < ankle; v += 1) {
    for (let u = Math.max(0, Math.floor(left)); u < Math.min(workSize, right); u += 1) energy += distance[v * workSize + u]!;
  }
  return energy === 0 ? 0 : gainOf(view, match.portrait, match, 1, ankle) / energy;
}

/** How far beyond an object's box its likeness is looked at, of its radius: a lump is larger than what it resembles. */
const margin = 0.15;

/**
 * Generators draw ragged outlines and lose inner detail. Each pixel of the picture is compared with the nearest of nine of the
 * drawing; not the other way round, so detail of the drawing may be missing, but nothing may be added, no part be gone.
 */
function likenessOf({ picture, backdrop }: View, match: Match): number {
  const { left, right, top } = boxOf(match.portrait, match);
  const wider = margin * match.radius;
  const drawn = paint(backdrop, match.portrait, match);
  let [apart, energy] = [0, 0];
  for (let v = Math.max(0, Math.floor(top - wider)); v < ankleOf(match); v += 1) {
    for (let u = Math.max(0, Math.floor(left - wider)); u < Math.min(workSize, right + wider); u += 1) {
      const i = v * workSize + u;
      // Beside the object nothing is further off than from the backdrop, where another object may have been taken out.
      let nearest = drawn.opacity[i] === 0 ? backdrop.distance[i]! : ceiling;
      for (let y = Math.max(0, v - 1); y <= Math.min(workSize - 1, v + 1); y += 1) {
        for (let x = Math.max(0, u - 1); x <= Math.min(workSize - 1, u + 1); x += 1) {
          nearest = Math.min(nearest, distance2(picture, i * 3, drawn.lab, (y * workSize + x) * 3));
        }
      }
      apart += nearest;
      energy += backdrop.distance[i]!;
    }
  }
  return energy === 0 ? 0 : 1 - apart / energy;
}

/**
 * The least evidence on which something is said; where it comes from: docs/decisions/evaluator.md. For an object, of `likeness` and
 * a third of `kindLead` together: a good likeness may have a near rival, a poor one must have none, and no lead makes up for a
 * likeness poorer than `object − cappedLead / leadsPerLikeness`.
 */
const least = { object: 1.01, cappedLead: 0.5, leadsPerLikeness: 3, colour: 0.1 } as const;

/** Whether there is an object. One whose kind cannot be told is none: a lump, half of something, a patch. */
export const isObject = ({ likeness, kindLead }: Pick<Evidence, 'likeness' | 'kindLead'>): boolean =>
  likeness + Math.min(least.cappedLead, kindLead) / least.leadsPerLikeness >= least.object;
export const colourIsClear = ({ colourLead }: Evidence): boolean => colourLead >= least.colour;
