// Reads facts back from pixels: what stands where before what. Says nothing rather than guess.
// Uses the world's own drawings and no network weights; knows nothing of prompts.
import { placeOf, relationOf, sizeOf, type Facts, type ObjectFacts } from '../scene.ts';
import { lookAt, workSize, type Lab } from './lab.ts';
import { boxOf, ceiling, explain, explainedAway, type Match } from './match.ts';
import { findBackdrop, pieces, type Backdrop, type Box } from './segment.ts';
import { templates, type Portrait } from './templates.ts';

export interface ReadObject extends ObjectFacts {
  /** Centre and radius as shares of the picture's width. */
  x: number;
  y: number;
  radius: number;
  /** Share of the piece of picture that the object explains, at most 1. */
  confidence: number;
}

export interface Reading extends Facts {
  objects: ReadObject[];
}

/** A match that explains less of the picture where it stands is no object; what is left beside one has to be clearer. */
const leastExplained = { first: 0.53, further: 0.63 };
/** A kind or colour is named when it explains this much more than any other; sharp renders lead by 0.13 and 0.24 or more. */
const kindLead = 0.1;
const colourLead = 0.08;
/** A picture shows two objects at most; a third is searched for so that a crowd is not taken for two. */
const mostObjects = 3;
const mostLooks = 5;

/**
 * Facts of a picture, null where it is not clear; an empty list of objects when none is recognised.
 * @param rgb size·size·3 bytes, rows from the top
 * @throws StudioError `invalid-input` when the bytes do not fit the size
 */
export async function readPicture(rgb: Uint8Array, size: number): Promise<Reading> {
  const picture = lookAt(rgb, size);
  const known = await templates();
  const backdrop = findBackdrop(picture, known);
  if (backdrop === null) return { background: null, objects: [], relation: null };
  const found = recogniseAll(picture, backdrop, known.portraits);
  const single = found.length === 1;
  const objects = found.map((object): ReadObject => ({
    ...object,
    size: sizeOf(object.radius, found.length),
    place: single ? placeOf(object.x, object.y) : null,
  }));
  const [a, b] = objects;
  return { background: backdrop.name, objects, relation: objects.length === 2 ? relationOf(a!, b!) : null };
}

type Recognised = Omit<ReadObject, 'size' | 'place'>;

/** Takes the best explained object out of the picture until nothing recognisable is left. */
function recogniseAll(picture: Lab, empty: Backdrop, portraits: readonly Portrait[]): Recognised[] {
  const found: { match: Match; object: Recognised }[] = [];
  let backdrop = empty;
  for (let look = 0; look < mostLooks && found.length < mostObjects; look += 1) {
    const boxes = candidates(pieces(backdrop.distance));
    if (boxes.length === 0) break;
    const [somewhere] = explain(picture, backdrop, portraits, boxes, { keep: 6, reach: 2, variety: true });
    if (somewhere === undefined) break;
    // Once more at the place found, so that every rival had its chance there.
    const matches = explain(picture, backdrop, portraits, [boxOf(somewhere)], { keep: 10, reach: 1, variety: false });
    const match = matches[0] ?? somewhere;
    const object = judged(match, matches, backdrop, found.length === 0 ? leastExplained.first : leastExplained.further);
    // Things of this world stand apart: what overlaps an object is its shadow or a part of it.
    if (object !== null && !found.some((other) => overlap(other.match, match))) found.push({ match, object });
    else if (object === null) break;
    backdrop = explainedAway(backdrop, match);
  }
  return found.map(({ object }) => object);
}

function overlap(a: Match, b: Match): boolean {
  const [p, q] = [boxOf(a), boxOf(b)];
  const slack = 0.15 * Math.min(a.radius, b.radius);
  return Math.min(p.right, q.right) - Math.max(p.left, q.left) > slack && Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top) > slack;
}

/**
 * Boxes an object may fill: each piece, both halves of the largest in case two objects touch, all pieces together, and the
 * likeliest of these without the shadow below.
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
  const lit = [largest, ...together].map((box) => ({ ...box, bottom: box.bottom - 0.07 * (box.right - box.left) }));
  return [largest, ...others, ...halves, ...together, ...lit];
}

/** The best match, as far as it is clear; null when it explains too little of the picture where it stands. */
function judged(best: Match, rivals: readonly Match[], backdrop: Backdrop, least: number): Recognised | null {
  const confidence = best.gain / energyAround(backdrop, best);
  if (!(confidence >= least)) return null;
  const lead = (differs: (other: Match) => boolean): number => (best.gain - (rivals.find(differs)?.gain ?? 0)) / best.gain;
  const { kind, colour } = best.portrait;
  return {
    kind: lead(({ portrait }) => portrait.kind !== kind) < kindLead ? null : kind,
    colour: lead(({ portrait }) => portrait.colour !== colour) < colourLead ? null : colour,
    x: best.x / workSize, y: best.y / workSize, radius: best.radius / workSize, confidence: Math.min(1, confidence),
  };
}

/** Squared distance from the background within the box a match fills: all there is to explain. */
function energyAround({ distance }: Backdrop, match: Match): number {
  const { left, right, top, bottom } = boxOf(match);
  let sum = 0;
  for (let v = Math.max(0, Math.floor(top)); v < Math.min(workSize, bottom); v += 1) {
    for (let u = Math.max(0, Math.floor(left)); u < Math.min(workSize, right); u += 1) {
      sum += Math.min(ceiling, distance[v * workSize + u]!);
    }
  }
  return sum;
}
