// Draws scenes at random and says them in plain English. What is said is true of the scene and never contradicts itself.
// Knows nothing of pixels, nor of which scenes are kept out of training (dataset.ts).
import type { Rng } from './rng.ts';
import { placeOf, radiusRanges, type Facts, type ObjectFacts, type Scene, type SceneObject } from './scene.ts';
import {
  backgroundPhrases, backgrounds, colours, kinds, placePhrases, places, plurals, relations,
  type Background, type Kind, type Place, type Size,
} from './vocabulary.ts';

/**
 * A curriculum: one large object before white or gray; one object of any size anywhere before anything; two objects.
 */
export const stages = ['one-plain', 'one', 'two'] as const;
export type Stage = (typeof stages)[number];

/** No caption has more words; with a start and an end token it fits 24 tokens. */
export const maxCaptionWords = 22;

/** Half the height of a kind's drawing, its radius being 1; an object stands on the ground with its lower edge. */
export const halfHeights: Readonly<Record<Kind, number>> = {
  ball: 0.94, box: 0.9, triangle: 0.9, star: 0.95, heart: 0.88, ring: 0.94, moon: 0.96, cloud: 0.66,
  house: 0.96, tree: 1, flower: 1, mushroom: 0.94, fish: 0.66, boat: 0.96, car: 0.62, cup: 0.8,
};

const floaters: ReadonlySet<Kind> = new Set(['ball', 'star', 'heart', 'ring', 'moon', 'cloud']);
const groundLine: Partial<Record<Background, number>> = { grass: 0.79, sea: 0.77, desert: 0.79 };
const edge = 0.02;

/** A scene of a stage, its objects inside the picture and apart from each other. */
export function sampleScene(rng: Rng, stage: Stage): Scene {
  const background = stage === 'one-plain' ? rng.pick(['white', 'gray'] as const) : rng.pick(backgrounds);
  const scene = stage === 'two' ? sampleTwo(rng, background) : sampleOne(rng, background, stage);
  return { ...scene, look: Math.floor(rng.next() * 4294967296) };
}

function sampleOne(rng: Rng, background: Background, stage: 'one-plain' | 'one'): Omit<Scene, 'look'> {
  const kind = rng.pick(kinds);
  const colour = rng.pick(colours);
  const size: Size = stage === 'one-plain'
    ? (rng.chance(0.6) ? 'medium' : 'big')
    : rng.pick(['small', 'small', 'medium', 'medium', 'medium', 'big'] as const);
  const radius = rng.between(...radiusRanges[0][size]);
  const options = places.filter((place) => place !== 'top' || mayFloat(kind, background));
  const place: Place = stage === 'one-plain' || rng.chance(0.4) ? 'center' : rng.pick(options);
  return { background, objects: [{ kind, colour, size, ...position(rng, kind, radius, place, background) }], relation: null };
}

function mayFloat(kind: Kind, background: Background): boolean {
  return groundLine[background] === undefined || floaters.has(kind);
}

/** A single object's centre; a big one that is to stand off the middle takes the smallest radius of its range. */
function position(rng: Rng, kind: Kind, radius: number, place: Place, background: Background): Pick<SceneObject, 'x' | 'y' | 'radius'> {
  const r = place === 'center' ? radius : Math.min(radius, radiusRanges[0].big[0]);
  const ground = groundLine[background];
  const near = r + edge;
  const off = near + rng.between(0, Math.max(0, 0.29 - near));
  const x = place === 'left' ? off : place === 'right' ? 1 - off : 0.5 + rng.between(-0.03, 0.03);
  if (place === 'top') return { x, y: off, radius: r };
  if (place === 'bottom') return { x, y: 1 - off, radius: r };
  const standing = ground === undefined ? 0.5 + rng.between(-0.03, 0.03) : ground + rng.between(-0.02, 0.02) - r * halfHeights[kind];
  return { x, y: Math.min(0.59, Math.max(0.45, standing)), radius: r };
}

const sizePairs: readonly (readonly [Size, Size])[] = [
  ['medium', 'medium'], ['medium', 'medium'], ['medium', 'medium'], ['medium', 'small'], ['small', 'medium'],
  ['big', 'small'], ['small', 'big'], ['big', 'medium'], ['medium', 'big'], ['small', 'small'],
];

function sampleTwo(rng: Rng, background: Background): Omit<Scene, 'look'> {
  if (rng.chance(0.12)) {
    const size = rng.pick(['small', 'medium', 'medium'] as const);
    const twin = { kind: rng.pick(kinds), colour: rng.pick(colours), size, radius: rng.between(...radiusRanges[1][size]) };
    return { background, objects: sideBySide(rng, [twin, { ...twin }], background), relation: null };
  }
  const [first, second] = differentPair(rng);
  const relation = rng.chance(0.25) ? null : rng.pick(relations);
  const swapped = relation === 'right of' || relation === 'below';
  const ordered = swapped ? [second, first] as const : [first, second] as const;
  const vertical = relation === 'above' || relation === 'below';
  if (vertical && !mayFloat(ordered[0].kind, background)) ordered[0].kind = rng.pick([...floaters]);
  const [a, b] = vertical ? stacked(rng, ordered, background) : sideBySide(rng, ordered, background);
  return { background, objects: swapped ? [b, a] : [a, b], relation };
}

type Unplaced = Omit<SceneObject, 'x' | 'y'>;

/** The most that the radii of two objects may add up to, so that they stand side by side and apart. */
const roomForTwo = 0.47;

/**
 * A scene that shows stated facts. What a sentence leaves unsaid is as captions mean it: a single object in the middle, of
 * middle size, before white; a kind or colour that is not stated is drawn at random.
 */
export function sceneShowing(stated: Facts, rng: Rng): Scene {
  const background = stated.background ?? 'white';
  const [first, second] = stated.objects;
  if (first === undefined) throw new RangeError('sceneShowing: nothing is stated');
  const look = Math.floor(rng.next() * 4294967296);
  const ranges = radiusRanges[second === undefined ? 0 : 1];
  const chosen = (object: ObjectFacts): Unplaced => {
    const size = object.size ?? 'medium';
    return { kind: object.kind ?? rng.pick(kinds), colour: object.colour ?? rng.pick(colours), size, radius: rng.between(...ranges[size]) };
  };
  if (second === undefined) {
    const object = chosen(first);
    return { background, objects: [{ ...object, ...position(rng, object.kind, object.radius, first.place ?? 'center', background) }], relation: null, look };
  }
  const { relation } = stated;
  const a = chosen(first);
  const b = first.kind === second.kind && first.colour === second.colour && first.size === second.size ? { ...a } : chosen(second);
  const shrink = Math.min(1, roomForTwo / (a.radius + b.radius));
  for (const object of [a, b]) object.radius *= shrink;
  const swapped = relation === 'right of' || relation === 'below';
  const arrange = relation === 'above' || relation === 'below' ? stacked : sideBySide;
  const [p, q] = arrange(rng, swapped ? [b, a] : [a, b], background);
  return { background, objects: swapped ? [q, p] : [p, q], relation, look };
}

/** Two objects that differ in colour, so that they stay different whatever else changes. */
function differentPair(rng: Rng): [Unplaced, Unplaced] {
  const [sizeA, sizeB] = rng.pick(sizePairs);
  const colour = rng.pick(colours);
  const other = rng.pick(colours.filter((candidate) => candidate !== colour));
  return [
    { kind: rng.pick(kinds), colour, size: sizeA, radius: rng.between(...radiusRanges[1][sizeA]) },
    { kind: rng.pick(kinds), colour: other, size: sizeB, radius: rng.between(...radiusRanges[1][sizeB]) },
  ];
}

/** Splits what two extents leave of [0, 1] into a gap and two margins; returns the two centres. */
function along(rng: Rng, a: number, b: number): [number, number] {
  const free = 1 - 2 * (a + b) - 2 * edge;
  const gap = 0.02 + rng.between(0.3, 0.45) * (free - 0.02);
  const margin = edge + (free - gap) * rng.between(0.4, 0.6);
  return [margin + a, margin + 2 * a + gap + b];
}

function sideBySide(rng: Rng, [a, b]: readonly [Unplaced, Unplaced], background: Background): [SceneObject, SceneObject] {
  const [xa, xb] = along(rng, a.radius, b.radius);
  const ground = groundLine[background];
  const y = (object: Unplaced): number => ground === undefined
    ? 0.5 + rng.between(-0.04, 0.04)
    : ground + rng.between(-0.015, 0.015) - object.radius * halfHeights[object.kind];
  return [{ ...a, x: xa, y: y(a) }, { ...b, x: xb, y: y(b) }];
}

function stacked(rng: Rng, [a, b]: readonly [Unplaced, Unplaced], background: Background): [SceneObject, SceneObject] {
  const [ya, yb] = along(rng, a.radius, b.radius);
  const ground = groundLine[background];
  const lift = ground === undefined ? yb : Math.max(yb, Math.min(1 - edge - b.radius, ground - b.radius * halfHeights[b.kind]));
  return [{ ...a, x: 0.5 + rng.between(-0.03, 0.03), y: ya }, { ...b, x: 0.5 + rng.between(-0.03, 0.03), y: lift }];
}

/**
 * One of several ways to say a scene. A single object without a place phrase is in the middle, one without a size word of
 * middle size, and a picture without a background phrase has a white one.
 */
export function caption(scene: Scene, rng: Rng): string {
  const [first, second] = scene.objects;
  if (first === undefined) throw new RangeError('caption: the scene is empty');
  const unsaid = scene.background === 'white' && rng.chance(0.5);
  const behind = unsaid ? '' : backgroundPhrases[scene.background];
  if (second === undefined) return arrange(rng, noun(first), placePhrase(first), behind, 'there is');
  if (scene.relation === null) {
    const twins = first.kind === second.kind && first.colour === second.colour && first.size === second.size;
    return twins
      ? arrange(rng, join('two', sizeWord(first.size), first.colour, plurals[first.kind]), '', behind, 'there are')
      : arrange(rng, `${noun(first)} and ${noun(second)}`, '', behind, 'there is');
  }
  return arrange(rng, rng.chance(0.75) ? `${noun(first)} ${scene.relation} ${noun(second)}` : opposed(scene, first, second), '', behind, 'there is');
}

const opposites: Record<NonNullable<Scene['relation']>, readonly [string, string]> = {
  'left of': [placePhrases.left, placePhrases.right],
  'right of': [placePhrases.right, placePhrases.left],
  above: [placePhrases.top, placePhrases.bottom],
  below: [placePhrases.bottom, placePhrases.top],
};

function opposed(scene: Scene, first: SceneObject, second: SceneObject): string {
  const [here, there] = opposites[scene.relation!];
  return `${noun(first)} ${here} and ${noun(second)} ${there}`;
}

function arrange(rng: Rng, what: string, where: string, behind: string, exists: string): string {
  const roll = rng.next();
  if (roll < 0.6) return join(what, where, behind);
  if (roll < 0.7) return join(exists, what, where, behind);
  if (roll < 0.8) return join('a picture of', what, where, behind);
  if (roll < 0.9) return join(what, behind, where);
  return behind === '' ? join(what, where) : join(behind, exists, what, where);
}

function placePhrase(object: SceneObject): string {
  const place = placeOf(object.x, object.y);
  return place === 'center' ? '' : placePhrases[place];
}

function sizeWord(size: Size): string {
  return size === 'medium' ? '' : size;
}

/** "an orange ball", "a small orange ball". */
function noun(object: SceneObject): string {
  const words = join(sizeWord(object.size), object.colour, object.kind);
  return `${/^[aeiou]/.test(words) ? 'an' : 'a'} ${words}`;
}

function join(...parts: string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}
