// What speaks for a match: how much of the picture it explains, and how far ahead of its rivals it is; and how much of that
// is enough to say something. Knows nothing of how matches are found.
import type { Kind } from '../vocabulary.ts';
import { ceiling, distance2, workSize } from './lab.ts';
import type { Match } from './match.ts';
import { boxOf, gainOf, leastOpacity, paint, type View } from './overlay.ts';

export interface Evidence {
  /**
   * Gain as a share of all that differs from the background in the box that the object fills, without its foot, where shadows
   * lie and waves break; 1 for a perfect likeness.
   */
  explained: number;
  /** How well picture and drawing agree, forgiving a working pixel; 1 for a perfect likeness, and it may be negative. */
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

/** Less opacity than this within a working pixel, and a pixel lies beside the drawing. */
const beside = 0.05;

/**
 * Generators draw ragged outlines and lose inner detail, so each pixel is compared with the nearest of nine on the other side. Both ways:
 * of what differs from the background the share that the drawing accounts for, what stands beside it counted twice, less the
 * share of the drawing that is not in the picture.
 */
function likenessOf({ picture, backdrop }: View, match: Match): number {
  const { left, right, top } = boxOf(match.portrait, match);
  const wider = margin * match.radius;
  const { lab, opacity } = paint(backdrop, match.portrait, match);
  let [shown, strange, drawn, absent] = [0, 0, 0, 0];
  for (let v = Math.max(0, Math.floor(top - wider)); v < ankleOf(match); v += 1) {
    for (let u = Math.max(0, Math.floor(left - wider)); u < Math.min(workSize, right + wider); u += 1) {
      const i = v * workSize + u;
      const covered = opacity[i]! >= leastOpacity;
      // Beside the object nothing is further off than from the backdrop, where another object may have been taken out.
      let fromDrawing = opacity[i] === 0 ? backdrop.distance[i]! : ceiling;
      let fromPicture: number = ceiling;
      let around = 0;
      for (let y = Math.max(0, v - 1); y <= Math.min(workSize - 1, v + 1); y += 1) {
        for (let x = Math.max(0, u - 1); x <= Math.min(workSize - 1, u + 1); x += 1) {
          const j = y * workSize + x;
          fromDrawing = Math.min(fromDrawing, distance2(picture, i * 3, lab, j * 3));
          around = Math.max(around, opacity[j]!);
          if (covered) fromPicture = Math.min(fromPicture, distance2(picture, j * 3, lab, i * 3));
        }
      }
      shown += backdrop.distance[i]!;
      strange += around < beside ? 2 * fromDrawing : fromDrawing;
      if (!covered) continue;
      drawn += Math.min(ceiling, distance2(lab, i * 3, backdrop.lab, i * 3));
      absent += fromPicture;
    }
  }
  return shown === 0 || drawn === 0 ? 0 : 1 - strange / shown - absent / drawn;
}

/**
 * The least evidence on which something is said; where it comes from: docs/decisions/evaluator.md. For an object, of `likeness` and
 * the root of `kindLead` together, for the first tenths of a lead tell most: a good likeness may have a near rival, a poor one must have
 * none, and no lead makes up for a very poor one. Lumps resemble kinds without parts; of those more is asked.
 */
const least = { object: 1.22, withoutParts: 1.33, cappedLead: 0.3, colour: 0.1 } as const;
const withoutParts: ReadonlySet<Kind> = new Set(['ball', 'triangle', 'heart', 'cloud']);

/** Whether there is an object of a kind. One whose kind cannot be told is none: a lump, half of something, a patch. */
export function isObject(kind: Kind, { likeness, kindLead }: Pick<Evidence, 'likeness' | 'kindLead'>): boolean {
  const lead = Math.max(0, Math.min(least.cappedLead, kindLead));
  return likeness + Math.sqrt(lead) >= (withoutParts.has(kind) ? least.withoutParts : least.object);
}

export const colourIsClear = ({ colourLead }: Evidence): boolean => colourLead >= least.colour;
