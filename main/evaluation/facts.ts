// Facts of an evaluation's pictures as they are published and compared: for each prompt what it states, and what each cell got wrong of it.
// Text and data only; knows neither files nor libraries.
import { z } from 'zod';
import { StudioError } from '../contract/errors.ts';
import { CellKey, JudgedFact, type EvaluatedPicture } from '../contract/evaluation.ts';
import { ModelId, Reflection } from '../contract/schemas.ts';
import { factNames } from '../storybook/evaluator.ts';

/** First line of a file of facts: what determines the pictures besides the cells' names, the prompts and the seeds. */
export const FactsHead = z.object({
  version: z.literal(1),
  /** Content hash of every model in the cells. */
  models: z.record(ModelId, z.string()),
  reflection: Reflection,
  /** Where they were judged; pictures of other devices may differ in single bits, and rarely in a fact. */
  device: z.string(),
  threads: z.int(),
  runtime: z.string(),
  evaluatorVersion: z.int().optional(),
});
export type FactsHead = z.infer<typeof FactsHead>;

/** Every further line: one prompt. */
const FactsLine = z.object({
  index: z.int().min(0),
  prompt: z.string(),
  seed: z.int(),
  stated: z.array(JudgedFact),
  /** By cell; an empty list where everything is right. */
  wrong: z.record(CellKey, z.array(JudgedFact)),
});
type FactsLine = z.infer<typeof FactsLine>;

/** What is compared of a picture. */
export type PictureFacts = Pick<EvaluatedPicture, 'cell' | 'index' | 'prompt' | 'seed' | 'facts'>;

export interface PublishedFacts {
  readonly head: FactsHead;
  readonly pictures: PictureFacts[];
}

/**
 * JSON Lines: the head, then a line for each prompt by its number. Pictures whose prompt cannot be read are left out.
 * @throws StudioError `invalid-input` when pictures of one prompt do not agree on its words, its seed or what it states, or one is there twice with other facts
 */
export function writeFacts(head: FactsHead, pictures: readonly PictureFacts[]): string {
  const lines = new Map<number, FactsLine>();
  for (const { cell, index, prompt, seed, facts } of pictures) {
    if (facts === null) continue;
    const stated = factNames.filter((name) => facts[name] !== undefined);
    const wrong = stated.filter((name) => facts[name] === false);
    const line = lines.get(index) ?? { index, prompt, seed, stated, wrong: {} };
    const there = line.wrong[cell] ?? wrong;
    if (line.prompt !== prompt || line.seed !== seed || !same(line.stated, stated) || !same(there, wrong)) {
      throw new StudioError('invalid-input', `The pictures of prompt ${index} contradict each other: ${cell} shows other facts, or another prompt.`, {
        hint: 'Publish evaluations of the same models, prompts and evaluator together.',
      });
    }
    line.wrong[cell] = wrong;
    lines.set(index, line);
  }
  const sorted = [...lines.values()].sort((a, b) => a.index - b.index)
    .map((line) => ({ ...line, wrong: Object.fromEntries(Object.entries(line.wrong).sort(([a], [b]) => (a < b ? -1 : 1))) }));
  return [head, ...sorted].map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** @throws StudioError `corrupt-file` that names the line */
export function readFacts(text: string): PublishedFacts {
  const [first = '', ...rest] = text.split('\n');
  const head = parsed(FactsHead, first, 1);
  const pictures = rest.flatMap((line, i): PictureFacts[] => {
    if (line.trim() === '') return [];
    const { index, prompt, seed, stated, wrong } = parsed(FactsLine, line, i + 2);
    return Object.entries(wrong).map(([cell, failed]) => ({
      cell, index, prompt, seed, facts: Object.fromEntries(stated.map((name) => [name, !failed.includes(name)])),
    }));
  });
  return { head, pictures };
}

/** Whether a text begins as a file of facts does, and not as an evaluation's own records. */
export function isFactsFile(text: string): boolean {
  return FactsHead.safeParse(parsedJson(text.slice(0, Math.max(0, text.indexOf('\n'))))).success;
}

export interface FactsComparison {
  /** Pictures that both have. */
  readonly compared: number;
  /** Pictures of the evaluation that the published file does not have. */
  readonly unpublished: number;
  /** Facts of the compared pictures, and how many of them are as published. */
  readonly facts: number;
  readonly reproduced: number;
  /** In words, one for each picture that differs. */
  readonly differences: string[];
}

/** Picture by picture, by cell and number of the prompt. */
export function compareFacts(own: readonly PictureFacts[], published: readonly PictureFacts[]): FactsComparison {
  const key = ({ cell, index }: PictureFacts): string => `${cell}/${index}`;
  const known = new Map(published.map((picture) => [key(picture), picture]));
  const differences: string[] = [];
  let [compared, facts, reproduced] = [0, 0, 0];
  for (const picture of own) {
    const other = known.get(key(picture));
    if (other === undefined) continue;
    const names = factNames.filter((name) => picture.facts?.[name] !== undefined || other.facts?.[name] !== undefined);
    const { equal, told } = compareOne(picture, other, names);
    compared += 1;
    facts += names.length;
    reproduced += equal;
    if (told !== '') differences.push(`${picture.cell} #${picture.index}: ${told}`);
  }
  return { compared, unpublished: own.length - compared, facts, reproduced, differences };
}

/** How many of the facts `names` are equal, and in words what is not; '' when nothing differs. */
function compareOne(own: PictureFacts, other: PictureFacts, names: readonly JudgedFact[]): { equal: number; told: string } {
  if (own.prompt !== other.prompt || own.seed !== other.seed) {
    return { equal: 0, told: `"${own.prompt}" with seed ${own.seed}; published is "${other.prompt}" with seed ${other.seed}` };
  }
  const unlike = names.filter((name) => own.facts?.[name] !== other.facts?.[name]);
  const told = unlike.map((name) => `${name} is ${inWords(own.facts?.[name])}, published as ${inWords(other.facts?.[name])}`).join('; ');
  return { equal: names.length - unlike.length, told };
}

const inWords = (held: boolean | undefined): string => (held === undefined ? 'not judged' : held ? 'right' : 'wrong');

const same = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((name, i) => name === b[i]);

function parsed<T>(schema: z.ZodType<T>, line: string, number: number): T {
  const result = schema.safeParse(parsedJson(line));
  if (result.success) return result.data;
  throw new StudioError('corrupt-file', `Line ${number} of the published facts is none of theirs.`, { hint: 'The file is made by scripts/measure/publish.ts.' });
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
