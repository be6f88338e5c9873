// Looks a picture over: which background, and which objects explain what differs from it. Gives what was seen with the evidence
// for it; what may be said on that evidence is decided in read.ts.
import { isObject, weigh, type Evidence } from './evidence.ts';
import { lookAt, type Lab } from './lab.ts';
import { explain, explainedAway, setAside, type Match } from './match.ts';
import { boxOf, type View } from './overlay.ts';
import { findBackdrop, pieces, type Backdrop, type Box } from './segment.ts';
import { templates, type Portrait } from './templates.ts';

export interface Sighting {
  match: Match;
  evidence: Evidence;
}

/** Whether something may be said of it. */
export const isNamed = ({ match, evidence }: Sighting): boolean => isObject(match.portrait.kind, evidence);

export interface Sight {
  picture: Lab;
  /** null when no background stands out; then nothing is looked for. */
  backdrop: Backdrop | null;
  /** In the order in which they were found. Some may be too poor to be objects. */
  sightings: Sighting[];
}

/** A picture shows two objects at most; a third is searched for so that a crowd is not taken for two. */
const mostObjects = 3;
/** So many things without a name and no more, so that noise is not searched piece by piece. */
const mostUnnamed = 2;
const mostLooks = 5;

/**
 * @param rgb size·size·3 bytes, rows from the top
 * @throws StudioError `invalid-input` when the bytes do not fit the size
 */
export async function look(rgb: Uint8Array, size: number): Promise<Sight> {
  const picture = lookAt(rgb, size);
  const known = await templates();
  const backdrop = findBackdrop(picture, known);
  return { picture, backdrop, sightings: backdrop === null ? [] : sightingsIn(picture, backdrop, known.portraits) };
}

/** Takes the best explained thing out of the picture, named or not, until nothing is left. */
function sightingsIn(picture: Lab, empty: Backdrop, portraits: readonly Portrait[]): Sighting[] {
  const found: Sighting[] = [];
  let unnamed = 0;
  let view: View = { picture, backdrop: empty };
  for (let looks = 0; looks < mostLooks && found.length < mostObjects && unnamed < mostUnnamed; looks += 1) {
    // Things of this world stand apart: what overlaps an object is its shadow or a part of it.
    const taken = found.filter(isNamed).map(({ match }) => boxOf(match.portrait, match));
    const free = (box: Box): boolean => !taken.some((other) => overlap(other, box));
    const all = pieces(view.backdrop.distance);
    const matches = explain(view, portraits, candidates(all).filter(free));
    const match = matches[0];
    if (match === undefined) break;
    const sighting = { match, evidence: weigh(view, match, matches) };
    const box = boxOf(match.portrait, match);
    if (free(box)) found.push(sighting);
    if (isNamed(sighting)) {
      view = { picture, backdrop: explainedAway(view.backdrop, match) };
    } else {
      unnamed += 1;
      // All that hangs together with it goes too: the rest of a lump is no object either.
      view = { picture, backdrop: setAside(view.backdrop, all.find((piece) => overlap(piece, box)) ?? box) };
    }
  }
  return found;
}

/** Whether two boxes have more in common than neighbours may. */
function overlap(a: Box, b: Box): boolean {
  const slack = 0.075 * Math.min(a.right - a.left, b.right - b.left, a.bottom - a.top, b.bottom - b.top);
  return Math.min(a.right, b.right) - Math.max(a.left, b.left) > slack && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > slack;
}

/**
 * Boxes an object may fill: each piece, both halves of the largest in case two objects touch, all pieces together, and the
 * likeliest of these without the shadow or the waves below.
 */
function candidates(all: readonly Box[]): Box[] {
  const [largest, ...others] = all.slice(0, 3);
  if (largest === undefined) return [];
  const { left, right, top, bottom } = largest;
  const [width, height] = [right - left, bottom - top];
  const halves = Math.max(width, height) < 1.5 * Math.min(width, height) ? []
    : width > height ? [{ ...largest, right: left + width / 2 }, { ...largest, left: left + width / 2 }]
      : [{ ...largest, bottom: top + height / 2 }, { ...largest, top: top + height / 2 }];
  const together = others.length === 0 ? [] : [all.reduce((a, b) => ({
    left: Math.min(a.left, b.left), right: Math.max(a.right, b.right),
    top: Math.min(a.top, b.top), bottom: Math.max(a.bottom, b.bottom),
  }))];
  const above = (share: number) => (box: Box): Box => ({ ...box, bottom: box.bottom - share * (box.right - box.left) });
  const lit = [...[largest, ...together].map(above(0.07)), above(0.18)(largest)];
  return [largest, ...others, ...halves, ...together, ...lit];
}
