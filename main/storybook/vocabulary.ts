// The words of the Storybook world, as data: what can be drawn, in which colours, how large, where and before what.
// Knows nothing of pictures or sentences; both are made from these lists.

export const kinds = [
  'ball', 'box', 'triangle', 'star', 'heart', 'ring', 'moon', 'cloud',
  'house', 'tree', 'flower', 'mushroom', 'fish', 'boat', 'car', 'cup',
] as const;
export type Kind = (typeof kinds)[number];

export const colours = [
  'red', 'orange', 'yellow', 'green', 'blue', 'purple', 'pink', 'brown', 'black', 'white', 'gray',
] as const;
export type Colour = (typeof colours)[number];

/** The middle size has no word: an object without a size word is neither small nor big. */
export const sizes = ['small', 'medium', 'big'] as const;
export type Size = (typeof sizes)[number];

/** The centre has no phrase: an object without one stands in the middle. */
export const places = ['left', 'right', 'top', 'bottom', 'center'] as const;
export type Place = (typeof places)[number];

/** Of the first object to the second. */
export const relations = ['left of', 'right of', 'above', 'below'] as const;
export type Relation = (typeof relations)[number];

export const backgrounds = ['white', 'gray', 'sky', 'night', 'sunset', 'grass', 'sea', 'desert'] as const;
export type Background = (typeof backgrounds)[number];

/** Base colour of an object so named, sRGB bytes. */
export const colourRgb: Readonly<Record<Colour, readonly [number, number, number]>> = {
  red: [222, 48, 54],
  orange: [245, 135, 31],
  yellow: [250, 212, 40],
  green: [46, 158, 68],
  blue: [42, 98, 214],
  purple: [134, 66, 190],
  pink: [246, 140, 184],
  brown: [138, 84, 46],
  black: [44, 44, 52],
  white: [248, 247, 244],
  gray: [136, 140, 148],
};

export const plurals: Readonly<Record<Kind, string>> = {
  ball: 'balls', box: 'boxes', triangle: 'triangles', star: 'stars', heart: 'hearts', ring: 'rings', moon: 'moons',
  cloud: 'clouds', house: 'houses', tree: 'trees', flower: 'flowers', mushroom: 'mushrooms', fish: 'fish',
  boat: 'boats', car: 'cars', cup: 'cups',
};

export const placePhrases: Readonly<Record<Exclude<Place, 'center'>, string>> = {
  left: 'on the left', right: 'on the right', top: 'at the top', bottom: 'at the bottom',
};

export const backgroundPhrases: Readonly<Record<Background, string>> = {
  white: 'on a white background', gray: 'on a gray background', sky: 'in the sky', night: 'at night',
  sunset: 'at sunset', grass: 'on the grass', sea: 'on the sea', desert: 'in the desert',
};

/** Words that captions use besides those of the lists above. */
const glue = ['a', 'an', 'and', 'two', 'there', 'is', 'are', 'picture', 'of'];

/** Every distinct lower-case word a caption can contain, in a fixed order; a word-level tokenizer is built from it. */
export function words(): string[] {
  const phrases = [
    ...glue, ...kinds, ...Object.values(plurals), ...colours, 'small', 'big', ...relations,
    ...Object.values(placePhrases), ...Object.values(backgroundPhrases),
  ];
  return [...new Set(phrases.flatMap((phrase) => phrase.split(' ')))];
}
