// What is kept of one judged picture of an evaluation: everything that the report needs besides the pixels themselves.
// Knows neither how pictures are made nor where they are stored; one record is one line of JSON.
import { z } from 'zod';
import { EvaluatedPicture, type EvaluationPrompt, type JudgedFact } from '../contract/evaluation.ts';
import { factNames, type Judgement, type Reading } from '../storybook/evaluator.ts';
import type { Facts } from '../storybook/scene.ts';

export const PictureRecord = EvaluatedPicture.extend({
  /** How many objects the prompt asks for; null when it cannot be read. */
  objects: z.union([z.literal(1), z.literal(2)]).nullable(),
  /** As the engine counted them. */
  nfe: z.int(),
  /** The evaluator's features; null where it does not look at pictures of this size. */
  features: z.array(z.number()).nullable(),
  /** Both in [0, 1]. */
  saturation: z.number(),
  contrast: z.number(),
  /** Of each registered metric, by its id. */
  scores: z.record(z.string(), z.number()),
});
export type PictureRecord = z.infer<typeof PictureRecord>;

/** A prompt of an evaluation with what a right picture shows; null when its words are not of the Storybook world. */
export interface ListedPrompt extends EvaluationPrompt {
  readonly facts: Facts | null;
}

/** RGB bytes, width·height·3, rows from the top. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/** The picture of a record, read back from wherever it is kept. */
export type ReadPixels = (record: PictureRecord) => Promise<Pixels>;

/** The stated facts of a judgement, each right or wrong; what was not stated is left out. */
export function judgedFacts({ perFact }: Judgement): Partial<Record<JudgedFact, boolean>> {
  return Object.fromEntries(factNames.flatMap((name) => (perFact[name] === null ? [] : [[name, perFact[name]]])));
}

/** What was seen, in a few words: "big red ball, left, on grass"; what is not clear is a question mark. */
export function seenWords({ background, objects, relation }: Reading): string {
  const named = objects.map(({ size, colour, kind, place }) => {
    const words = [size === 'medium' ? null : size, colour ?? '?', kind ?? '?'].filter((word) => word !== null).join(' ');
    return place === null || place === 'center' ? words : `${words}, ${place}`;
  });
  const what = named.length === 0 ? 'nothing' : relation === null ? named.join(' and ') : `${named[0]} ${relation} ${named.slice(1).join(' and ')}`;
  return `${what}, on ${background ?? '?'}`;
}
