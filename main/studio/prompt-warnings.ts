// What a person should know about their words before they trust the picture, as pure text.
// Knows a prompt's check and nothing of tokenizers.
import type { PromptCheck, Warning } from '../contract/schemas.ts';

const shown = 8;

/** `field` names the prompt in the message where it is not the main one. None of these stops a run. */
export function promptWarnings(check: PromptCheck, field: 'prompt' | 'negative prompt' = 'prompt'): Warning[] {
  const warnings: Warning[] = [];
  if (check.unknownWords.length > 0) {
    warnings.push({ code: 'unknown-words', message: `${list(check.unknownWords)} not in this model's vocabulary.` });
  }
  if (check.truncated) {
    warnings.push({
      code: 'prompt-truncated',
      message: `The ${field} has ${check.tokens} tokens; the model reads the first ${check.maxTokens}.`,
    });
  }
  return warnings;
}

function list(words: readonly string[]): string {
  const quoted = words.slice(0, shown).map((word) => `'${word}'`);
  if (words.length > shown) quoted.push(`${words.length - shown} more`);
  if (quoted.length === 1) return `${quoted[0]} is`;
  return `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)} are`;
}
