// Reads a prompt back into the facts it states; the inverse of grammar.ts, a little more tolerant.
// Works on words only and knows nothing of scenes with coordinates or of pictures.
import type { Facts, ObjectFacts } from './scene.ts';
import {
  backgroundPhrases, backgrounds, colours, kinds, placePhrases, plurals, relations,
  type Background, type Colour, type Kind, type Place, type Relation,
} from './vocabulary.ts';

type Item =
  | { is: 'object'; count: 1 | 2; facts: ObjectFacts }
  | { is: 'place'; place: Exclude<Place, 'center'> }
  | { is: 'background'; background: Background }
  | { is: 'relation'; relation: Relation }
  | { is: 'and' };

const sidePlaces = Object.keys(placePhrases) as Exclude<Place, 'center'>[];
const articles = ['a', 'an', 'the', 'one'];
const openings = ['a picture of', 'there is', 'there are'];

/**
 * The facts a prompt states, or null when it is no sentence of the Storybook grammar or contradicts itself. What is left
 * unsaid is null. Capitals and punctuation do not matter.
 */
export function parseCaption(text: string): Facts | null {
  const items = read(text.toLowerCase().replace(/\bgrey\b/g, 'gray').split(/[^a-z]+/).filter((word) => word !== ''));
  if (items === null) return null;
  const behind = items.filter((item) => item.is === 'background');
  if (behind.length > 1) return null;
  const rest = items.filter((item) => item.is !== 'background');
  const stated = statement(rest);
  return stated && { background: behind[0]?.background ?? null, ...stated };
}

/** Cuts words into items, openings dropped; null at the first word that fits nothing. */
function read(words: string[]): Item[] | null {
  const items: Item[] = [];
  let at = 0;
  const accept = (phrase: string): boolean => {
    const parts = phrase.split(' ');
    if (!parts.every((part, i) => words[at + i] === part)) return false;
    at += parts.length;
    return true;
  };
  while (at < words.length) {
    if (openings.some(accept)) continue;
    const background = backgrounds.find((name) => accept(backgroundPhrases[name]));
    if (background !== undefined) { items.push({ is: 'background', background }); continue; }
    const place = sidePlaces.find((name) => accept(placePhrases[name]));
    if (place !== undefined) { items.push({ is: 'place', place }); continue; }
    const relation = relations.find(accept);
    if (relation !== undefined) { items.push({ is: 'relation', relation }); continue; }
    if (accept('and')) { items.push({ is: 'and' }); continue; }
    const count = accept('two') ? 2 : 1;
    if (count === 1) articles.some(accept);
    const size = (['small', 'big'] as const).find(accept) ?? null;
    const colour: Colour | null = colours.find(accept) ?? null;
    const kind: Kind | undefined = kinds.find((name) => accept(count === 2 ? plurals[name] : name));
    if (kind === undefined) return null;
    items.push({ is: 'object', count, facts: { kind, colour, size, place: null } });
  }
  return items;
}

/** Meaning of a sequence of items; each line of the table is one sentence form. */
function statement(items: Item[]): Omit<Facts, 'background'> | null {
  const form = items.map((item) => (item.is === 'object' ? (item.count === 2 ? 'pair' : 'object') : item.is)).join(' ');
  const objects = items.flatMap((item) => (item.is === 'object' ? [item.facts] : []));
  const stated = items.flatMap((item) => (item.is === 'place' ? [item.place] : []));
  switch (form) {
    case 'object':
    case 'object place':
    case 'place object':
      return { objects: [{ ...objects[0]!, place: stated[0] ?? null }], relation: null };
    case 'pair':
      return { objects: [objects[0]!, { ...objects[0]! }], relation: null };
    case 'object and object':
      return { objects, relation: null };
    case 'object relation object':
      return { objects, relation: items.find((item) => item.is === 'relation')!.relation };
    case 'object place and object place':
    case 'place object and place object': {
      const relation = opposed[`${stated[0]!} ${stated[1]!}`];
      return relation === undefined ? null : { objects, relation };
    }
    default:
      return null;
  }
}

const opposed: Partial<Record<string, Relation>> = {
  'left right': 'left of', 'right left': 'right of', 'top bottom': 'above', 'bottom top': 'below',
};
