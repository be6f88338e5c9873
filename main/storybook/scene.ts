// What a Storybook picture shows: a scene with coordinates, and the facts a sentence can state about it.
// Knows neither words nor pixels.
import type { Background, Colour, Kind, Place, Relation, Size } from './vocabulary.ts';

export interface SceneObject {
  kind: Kind;
  colour: Colour;
  size: Size;
  /** Centre in the picture, both in [0, 1], y from the top. */
  x: number;
  y: number;
  /** Half of the larger side of the object's bounding box, as a share of the picture's width. */
  radius: number;
}

export interface Scene {
  background: Background;
  /** One or two; the first is named first. */
  objects: SceneObject[];
  /** Of the first object to the second, when a sentence is to state it. */
  relation: Relation | null;
  /** 32 bits that choose the small differences between two drawings of the same thing. */
  look: number;
}

/** null: not stated, or not recognised. A size that is not stated in a sentence is null, not `medium`. */
export interface ObjectFacts {
  kind: Kind | null;
  colour: Colour | null;
  size: Size | null;
  place: Place | null;
}

/** What a sentence states or a picture shows. */
export interface Facts {
  background: Background | null;
  objects: ObjectFacts[];
  relation: Relation | null;
}

/** Radii by number of objects: with two in the picture each has less room, and "big" is relative to that. */
export const radiusRanges: readonly [
  Readonly<Record<Size, readonly [number, number]>>,
  Readonly<Record<Size, readonly [number, number]>>,
] = [
  { small: [0.13, 0.16], medium: [0.23, 0.28], big: [0.36, 0.41] },
  { small: [0.105, 0.125], medium: [0.165, 0.19], big: [0.235, 0.26] },
];

/** Size that a radius stands for in a picture of `count` objects; the border lies midway between neighbouring ranges. */
export function sizeOf(radius: number, count: number): Size {
  const ranges = radiusRanges[count > 1 ? 1 : 0];
  if (radius < (ranges.small[1] + ranges.medium[0]) / 2) return 'small';
  return radius < (ranges.medium[1] + ranges.big[0]) / 2 ? 'medium' : 'big';
}

/** How far from the middle a centre has to be to count as off it. */
export const placeMargin = 0.105;

/** Place of a single object's centre; the direction it is furthest off in, `center` when it is near the middle. */
export function placeOf(x: number, y: number): Place {
  const dx = x - 0.5;
  const dy = y - 0.5;
  if (Math.max(Math.abs(dx), Math.abs(dy)) < placeMargin) return 'center';
  if (Math.abs(dx) >= Math.abs(dy)) return dx < 0 ? 'left' : 'right';
  return dy < 0 ? 'top' : 'bottom';
}

/** Relation of one centre to another; the axis with the larger distance decides. */
export function relationOf(a: { x: number; y: number }, b: { x: number; y: number }): Relation {
  const dx = a.x - b.x;
  const dy = a.y - b.y;
  if (Math.abs(dx) >= Math.abs(dy)) return dx < 0 ? 'left of' : 'right of';
  return dy < 0 ? 'above' : 'below';
}

/** Everything that is true of a scene. With two objects the relation takes the part of the places. */
export function facts(scene: Scene): Facts {
  const single = scene.objects.length === 1;
  return {
    background: scene.background,
    objects: scene.objects.map(({ kind, colour, size, x, y }) => ({
      kind, colour, size, place: single ? placeOf(x, y) : null,
    })),
    relation: scene.relation,
  };
}
