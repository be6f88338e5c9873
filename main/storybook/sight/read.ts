// Reads facts back from pixels: what stands where before what. Says nothing rather than guess.
// Uses the world's own drawings and no network weights; knows nothing of prompts.
import { placeOf, relationOf, sizeOf, type Facts, type ObjectFacts } from '../scene.ts';
import { colourIsClear } from './evidence.ts';
import { workSize } from './lab.ts';
import { isNamed, look, type Sight, type Sighting } from './look.ts';

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

/**
 * Facts of a picture, null where it is not clear; an empty list of objects when none is recognised.
 * @param rgb size·size·3 bytes, rows from the top
 * @throws StudioError `invalid-input` when the bytes do not fit the size
 */
export async function readPicture(rgb: Uint8Array, size: number): Promise<Reading> {
  return readSight(await look(rgb, size));
}

/** The same of a picture that was looked at already. */
export function readSight({ backdrop, sightings }: Sight): Reading {
  const found = sightings.filter(isNamed).map(named);
  const single = found.length === 1;
  const objects = found.map((object): ReadObject => ({
    ...object,
    size: sizeOf(object.radius, found.length),
    place: single ? placeOf(object.x, object.y) : null,
  }));
  const [a, b] = objects;
  return { background: backdrop?.name ?? null, objects, relation: objects.length === 2 ? relationOf(a!, b!) : null };
}

function named({ match: { portrait, x, y, radius }, evidence }: Sighting): Omit<ReadObject, 'size' | 'place'> {
  return {
    kind: portrait.kind,
    colour: colourIsClear(evidence) ? portrait.colour : null,
    x: x / workSize, y: y / workSize, radius: radius / workSize, confidence: Math.min(1, evidence.explained),
  };
}
