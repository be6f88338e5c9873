import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { caption, halfHeights, maxCaptionWords, sampleScene, sceneShowing, stages } from './grammar.ts';
import { parseCaption } from './parse.ts';
import { createRng } from './rng.ts';
import { facts, placeOf, relationOf, sizeOf, type Facts, type Scene } from './scene.ts';
import { colours, kinds, words } from './vocabulary.ts';

const drawn = fc.tuple(fc.constantFrom(...stages), fc.integer({ min: 0, max: 2 ** 32 - 1 })).map(([stage, seed]) => {
  const rng = createRng(seed);
  const scene = sampleScene(rng, stage);
  return { stage, scene, text: caption(scene, rng) };
});
const runs = { numRuns: 3000, seed: 7 };

/** What the sentence of a scene has to say: all but the middle size, the centre and the places of two. */
function sayable(scene: Scene): Facts {
  const all = facts(scene);
  return {
    ...all,
    objects: all.objects.map((o) => ({ ...o, size: o.size === 'medium' ? null : o.size, place: o.place === 'center' ? null : o.place })),
  };
}

/** A second reader that shares nothing with parse.ts: regular expressions over the sentence. */
function readAgain(text: string): Facts {
  const thing = `(?:an? )?(small |big )?(${colours.join('|')}) (\\w+)`;
  const backgrounds: [RegExp, Facts['background']][] = [
    [/on a (white|gray) background/, null], [/in the sky/, 'sky'], [/at night/, 'night'], [/at sunset/, 'sunset'],
    [/on the grass/, 'grass'], [/on the sea/, 'sea'], [/in the desert/, 'desert'],
  ];
  const found = backgrounds.find(([pattern]) => pattern.test(text));
  const background = found === undefined ? null : found[1] ?? (found[0].exec(text)![1] as 'white' | 'gray');
  const rest = found === undefined ? text : text.replace(found[0], ' ').replace(/\s+/g, ' ').trim();
  const objects = [...rest.matchAll(new RegExp(thing, 'g'))].map(([, size, colour, noun]) => ({
    kind: kinds.find((kind) => noun!.startsWith(kind))!,
    colour: colour as Facts['objects'][number]['colour'],
    size: (size?.trim() ?? null) as 'small' | 'big' | null,
    place: null as Facts['objects'][number]['place'],
  }));
  if (/\btwo\b/.test(rest)) return { background, objects: [objects[0]!, { ...objects[0]! }], relation: null };
  const sides = [...rest.matchAll(/on the (left|right)|at the (top|bottom)/g)].map((m) => m[1] ?? m[2]);
  if (objects.length === 1) objects[0]!.place = (sides[0] ?? null) as 'left' | null;
  const named = /left of|right of|above|below/.exec(rest)?.[0];
  const meant = { left: 'left of', right: 'right of', top: 'above', bottom: 'below' }[sides[0] as 'left'];
  return { background, objects, relation: (named ?? (objects.length === 2 ? meant : undefined) ?? null) as Facts['relation'] };
}

describe('scenes', () => {
  it('keep their objects inside the picture and apart', () => {
    fc.assert(fc.property(drawn, ({ scene }) => {
      for (const { x, y, radius, kind } of scene.objects) {
        expect(Math.min(x, 1 - x)).toBeGreaterThanOrEqual(radius);
        expect(Math.min(y, 1 - y)).toBeGreaterThanOrEqual(radius * halfHeights[kind]);
      }
      const [a, b] = scene.objects;
      if (b !== undefined) expect(Math.max(Math.abs(a!.x - b.x), Math.abs(a!.y - b.y))).toBeGreaterThan(a!.radius + b.radius);
    }), runs);
  });

  it('have coordinates that agree with their sizes and relations', () => {
    fc.assert(fc.property(drawn, ({ scene }) => {
      const [a, b] = scene.objects;
      for (const object of scene.objects) expect(sizeOf(object.radius, scene.objects.length)).toBe(object.size);
      if (scene.relation !== null) expect(relationOf(a!, b!)).toBe(scene.relation);
    }), runs);
  });

  it('leave room between a place and the middle', () => {
    fc.assert(fc.property(drawn, ({ scene }) => {
      if (scene.objects.length === 2) return;
      const { x, y } = scene.objects[0]!;
      const nudged = [[0.01, 0], [-0.01, 0], [0, 0.01], [0, -0.01]].map(([dx, dy]) => placeOf(x + dx!, y + dy!));
      expect(new Set([placeOf(x, y), ...nudged]).size).toBe(1);
    }), runs);
  });
});

describe('captions', () => {
  it('state the facts of their scene, to two independent readers', () => {
    fc.assert(fc.property(drawn, ({ scene, text }) => {
      const wanted = sayable(scene);
      for (const read of [parseCaption(text)!, readAgain(text)]) {
        if (read.background === null) expect(scene.background).toBe('white');
        expect({ ...read, background: read.background ?? 'white' }).toEqual(wanted);
      }
    }), runs);
  });

  it('use known words, few enough of them, and right articles', () => {
    const known = new Set(words());
    fc.assert(fc.property(drawn, ({ text }) => {
      const used = text.split(' ');
      expect(used.length).toBeLessThanOrEqual(maxCaptionWords);
      expect(used.filter((word) => !known.has(word))).toEqual([]);
      expect(text).not.toMatch(/\ba [aeiou]|\ban [^aeiou]/);
    }), runs);
  });

  it('use every known word', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 6000; i += 1) {
      const rng = createRng(3, i);
      for (const word of caption(sampleScene(rng, stages[i % 3]!), rng).split(' ')) seen.add(word);
    }
    expect(words().filter((word) => !seen.has(word))).toEqual([]);
  });

  it('include the prompt the studio opens with', () => {
    const scene: Scene = { background: 'sea', relation: null, look: 0, objects: [{ kind: 'boat', colour: 'red', size: 'medium', x: 0.5, y: 0.55, radius: 0.25 }] };
    const phrasings = new Set(Array.from({ length: 40 }, (_, i) => caption(scene, createRng(i))));
    expect(phrasings).toContain('a red boat on the sea');
    expect(phrasings.size).toBeGreaterThan(3);
  });
});

describe('sceneShowing', () => {
  it('shows what another scene states, inside the picture and apart', () => {
    fc.assert(fc.property(fc.integer(), fc.integer(), fc.constantFrom(...stages), (seed, other, stage) => {
      const stated = facts(sampleScene(createRng(seed), stage));
      const scene = sceneShowing(stated, createRng(other));
      expect(facts(scene)).toEqual(stated);
      for (const { x, y, radius } of scene.objects) {
        for (const centre of [x, y]) expect(centre - radius >= 0 && centre + radius <= 1).toBe(true);
      }
      const [a, b] = scene.objects;
      if (a && b) expect(Math.max(Math.abs(a.x - b.x), Math.abs(a.y - b.y))).toBeGreaterThan(a.radius + b.radius);
      if (stated.relation !== null) expect(relationOf(a!, b!)).toBe(stated.relation);
    }), { numRuns: 300 });
  });

  it('has room for two big objects', () => {
    const big = { kind: 'car', size: 'big', place: null } as const;
    for (const relation of ['left of', 'below', null] as const) {
      const stated: Facts = { background: 'grass', objects: [{ ...big, colour: 'red' }, { ...big, colour: 'blue' }], relation };
      for (let seed = 0; seed < 50; seed++) expect(facts(sceneShowing(stated, createRng(seed)))).toEqual(stated);
    }
  });

  it('takes what is not said as captions mean it', () => {
    const shown = facts(sceneShowing(parseCaption('a ball')!, createRng(3)));
    expect(shown).toMatchObject({ background: 'white', objects: [{ kind: 'ball', size: 'medium', place: 'center' }], relation: null });
    const [a, b] = sceneShowing(parseCaption('two big cups')!, createRng(3)).objects;
    expect(a!.radius).toBe(b!.radius);
    expect(a!.colour).toBe(b!.colour);
  });
});

describe('parseCaption', () => {
  it('forgives capitals, punctuation and British spelling', () => {
    expect(parseCaption('  A Grey boat, on the sea!')).toEqual({ background: 'sea', relation: null, objects: [{ kind: 'boat', colour: 'gray', size: null, place: null }] });
  });

  it.each(['', 'cyberpunk', 'a red', 'a red boat on the sea at night', 'a red boat on the left and a blue car on the left', 'two red boat', 'a red ball left of', 'and'])(
    'reads nothing into %j', (text) => expect(parseCaption(text)).toBeNull(),
  );
});
