// What the studio offers a person who writes for the embedded model: its words by kind, and prompts worth starting from.
import type { Vocabulary } from '../contract/schemas.ts';
import { backgroundPhrases, colours, kinds, placePhrases, relations } from './vocabulary.ts';

/** The first is what the studio opens with. */
export const examplePrompts = [
  'a red boat on the sea',
  'a yellow star at night',
  'a blue house on the grass',
  'a big orange fish on a white background',
  'a pink cloud in the sky',
  'a small purple mushroom on the left on the grass',
  'a red ball left of a blue house',
  'a white moon above a brown house at night',
  'two yellow cups on a gray background',
] as const;

/** Closed: other words mean nothing to the model. */
export function vocabulary(): Vocabulary {
  return {
    open: false,
    groups: [
      { kind: 'objects', entries: [...kinds] },
      { kind: 'colours', entries: [...colours] },
      { kind: 'sizes', entries: ['small', 'big'] },
      { kind: 'places', entries: Object.values(placePhrases) },
      { kind: 'relations', entries: [...relations, 'and'] },
      { kind: 'numbers', entries: ['two'] },
      { kind: 'backgrounds', entries: Object.values(backgroundPhrases) },
    ],
    examples: [...examplePrompts],
  };
}
