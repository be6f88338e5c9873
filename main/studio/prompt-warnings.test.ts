import { expect, it } from 'vitest';
import { promptWarnings } from './prompt-warnings.ts';

const check = (unknownWords: string[], truncated = false) => ({ tokens: 30, maxTokens: 22, truncated, unknownWords });

it('names unknown words as typed, a few of them', () => {
  const message = (words: string[]) => promptWarnings(check(words))[0]?.message;
  expect(message(['cyberpunk'])).toBe("'cyberpunk' is not in this model's vocabulary.");
  expect(message(['Cyber', 'punk'])).toBe("'Cyber' and 'punk' are not in this model's vocabulary.");
  expect(message([...'abcdefghijk'])).toBe("'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h' and 3 more are not in this model's vocabulary.");
  expect(promptWarnings(check([]))).toEqual([]);
});

it('says where a prompt is cut', () => {
  expect(promptWarnings(check([], true), 'negative prompt')).toEqual([
    { code: 'prompt-truncated', message: 'The negative prompt has 30 tokens; the model reads the first 22.' },
  ]);
});
