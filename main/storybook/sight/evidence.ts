// What speaks for a match: how much of the picture it explains, and how far ahead of its rivals it is; and how much of that
// is enough to say something. Knows nothing of how matches are found.
import { workSize } from './lab.ts';
import type { Match } from './match.ts';
import { boxOf, gainOf, type View } from './overlay.ts';

export interface Evidence {
  /**
   * Gain as a share of all that differs from the background in the box that the object fills, without its foot, where shadows
   * lie and waves break; 1 for a perfect likeness.
   */
  explained: number;
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
    kindLead: lead(({ portrait }) => portrait.kind !== kind),
    colourLead: lead(({ portrait }) => portrait.colour !== colour),
  };
}

/** Height of the foot, of an object's radius. */
const foot = 0.22;

function explainedBy(view: View, match: Match): number {
  const { left, right, top, bottom } = boxOf(match.portrait, match);
  const ankle = Math.min(workSize, Math.round(bottom - foot * match.radius));
  const { distance } = view.backdrop;
  let energy = 0;
  for (let v = Math.max(0, Math.floor(top)); v < ankle; v += 1) {
    for (let u = Math.max(0, Math.floor(left)); u < Math.min(workSize, right); u += 1) energy += distance[v * workSize + u]!;
  }
  return energy === 0 ? 0 : gainOf(view, match.portrait, match, 1, ankle) / energy;
}

/**
 * The least evidence on which something is said; where it comes from: docs/decisions/evaluator.md. For an object, of `explained` and
 * `kindLead` together: a good likeness may have a near rival, a poor one must have none, and no lead makes up for a likeness
 * poorer than `object − cappedLead`.
 */
const least = { object: 0.96, cappedLead: 0.3, colour: 0.1 } as const;

/** Whether there is an object. One whose kind cannot be told is none: a lump, half of something, a patch. */
export const isObject = ({ explained, kindLead }: Evidence): boolean => explained + Math.min(least.cappedLead, kindLead) >= least.object;
export const colourIsClear = ({ colourLead }: Evidence): boolean => colourLead >= least.colour;
