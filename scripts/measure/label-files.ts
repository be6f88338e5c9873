// What lies in resources/evaluator/labels: pictures, how they were made, and what a person saw in them.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { backgrounds, colours, kinds, places, relations, sizes } from '../../main/storybook/vocabulary.ts';

export const labelsFolder = path.join(import.meta.dirname, '../../resources/evaluator/labels');
export const pictureName = (index: number): string => `${String(index).padStart(3, '0')}.webp`;

/**
 * `development`: the disagreements on these were looked at while the evaluator was being made. `independent`: nothing was chosen on
 * them, but they have been seen since. `final`: of the final teacher and an early student of it, labelled when the evaluator was finished. Each is a
 * file of labels; the pictures lie beside them.
 */
export const labelSets = { development: 'labels.jsonl', independent: 'labels-independent.jsonl', final: 'labels-final.jsonl' } as const;
export type LabelSet = keyof typeof labelSets;

/** How a picture was made; never shown to whoever labels it. */
export interface LabelPicture {
  file: string;
  model: string;
  prompt: string;
  seed: number;
  guidance: number;
  steps: number;
}

/** null: a person cannot tell. An object that is none is left out. */
export const Label = z.strictObject({
  file: z.string(),
  background: z.enum(backgrounds).nullable(),
  objects: z.array(z.strictObject({ kind: z.enum(kinds).nullable(), colour: z.enum(colours).nullable(), size: z.enum(sizes).nullable(), place: z.enum(places).nullable() })).max(3),
  /** Of the first object to the second. */
  relation: z.enum(relations).nullable(),
});
export type Label = z.infer<typeof Label>;

/** What an eye read off the rulers: the source of the labels of the later sets. */
export const boxesFile = (set: LabelSet): string => `boxes-${set}.txt`;

/** The lines of a set's boxes. */
export async function readBoxes(set: LabelSet): Promise<string[]> {
  return (await readFile(path.join(labelsFolder, boxesFile(set)), 'utf8')).split('\n').filter((line) => line.trim() !== '');
}

/** The labels of a set, in the order of its file. @throws an error that names the line which is none */
export async function readLabels(set: LabelSet): Promise<Label[]> {
  const name = labelSets[set];
  const text = await readFile(path.join(labelsFolder, name), 'utf8');
  return text.split('\n').filter(Boolean).map((line, i) => {
    const read = Label.safeParse(JSON.parse(line));
    if (!read.success) throw new Error(`${name}, line ${i + 1}: ${z.prettifyError(read.error)}`);
    return read.data;
  });
}
