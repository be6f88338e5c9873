// The prompts of an evaluation: the published lists, and lists of a person's own with what their words state.
// Knows the Storybook world's sentences, and neither models nor pictures.
import { z } from 'zod';
import type { EvaluateRequest, EvaluationPrompt } from '../contract/evaluation.ts';
import { StudioError } from '../contract/errors.ts';
import { PromptText, Seed } from '../contract/schemas.ts';
import { heldOutPrompts } from '../storybook/dataset.ts';
import { parseCaption } from '../storybook/parse.ts';
import type { ListedPrompt } from './record.ts';

/** The noise of a prompt whose seed is not given is seeded by this and the number of its line, the first being 0. */
const firstSeed = 1000;
const mostPrompts = 20_000;

/**
 * The first `count` prompts of a request. Of the published lists a shorter one is always the beginning of a longer one: one object and
 * two objects in turn, of combinations that training never shows (`held-out`) or that it does (`known`).
 * @throws StudioError `invalid-input` when the world has not so many
 */
export function listPrompts({ prompts, count }: Pick<EvaluateRequest, 'prompts' | 'count'>): ListedPrompt[] {
  if (typeof prompts !== 'string') return prompts.slice(0, count).map((given) => ({ ...given, facts: parseCaption(given.prompt) }));
  const heldOut = prompts === 'held-out' ? 'only' : 'exclude';
  const one = heldOutPrompts(Math.ceil(count / 2), 'one', heldOut);
  const two = heldOutPrompts(Math.floor(count / 2), 'two', heldOut);
  return one.flatMap((single, i) => (two[i] === undefined ? [single] : [single, two[i]]));
}

const PromptLine = z.strictObject({ prompt: PromptText.min(1), seed: Seed.optional() });

/**
 * A file of prompts: plain text with a prompt in each line, or, when its first line begins with a brace, JSON Lines of
 * `{"prompt": …, "seed": …}` with the seed left out or not. Empty lines count, but say nothing.
 * @throws StudioError `invalid-input` that names the first bad line
 */
export function parsePrompts(content: Uint8Array): EvaluationPrompt[] {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch (cause) {
    throw new StudioError('invalid-input', 'The file of prompts is not UTF-8 text.', { cause });
  }
  const lines = text.split(/\r\n|\n|\r/).map((line) => line.trim());
  const asJson = lines.find((line) => line !== '')?.startsWith('{') === true;
  const prompts = lines.flatMap((line, number) => (line === '' ? [] : [asJson ? jsonLine(line, number) : textLine(line, number)]));
  if (prompts.length === 0) throw new StudioError('invalid-input', 'The file holds no prompt.', { hint: 'Write one prompt in each line.' });
  if (prompts.length > mostPrompts) {
    throw new StudioError('invalid-input', `The file holds ${prompts.length} prompts; an evaluation takes ${mostPrompts} at most.`);
  }
  return prompts;
}

function textLine(line: string, number: number): EvaluationPrompt {
  if (!PromptText.safeParse(line).success) throw badLine(number, 'the prompt is longer than 2000 characters');
  return { prompt: line, seed: firstSeed + number };
}

function jsonLine(line: string, number: number): EvaluationPrompt {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw badLine(number, 'this is not JSON');
  }
  const parsed = PromptLine.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw badLine(number, [issue.path.join('.'), issue.message].filter((part) => part !== '').join(': '));
  }
  return { prompt: parsed.data.prompt, seed: parsed.data.seed ?? firstSeed + number };
}

function badLine(number: number, why: string): StudioError {
  return new StudioError('invalid-input', `Line ${number + 1} of the prompts: ${why}.`, {
    hint: 'Each line is a prompt, or all are JSON such as {"prompt": "a red ball", "seed": 7}.',
  });
}
