// Which words of a vocabulary continue what stands before the caret. Pure; the popup only shows the answer.
import type { Vocabulary } from '../../../main/contract/schemas.ts';

export interface Suggestion {
  entry: string;
  kind: string;
  /** How many characters before the caret the entry takes the place of. */
  replaces: number;
}

const longestPhrase = 6;

/**
 * Entries that begin with the last one to six words before the caret and are not finished yet, longest match first.
 * Two letters are needed at least: after one, everything fits.
 */
export function suggest(vocabulary: Vocabulary, before: string, limit = 7): Suggestion[] {
  const tails = trailingPhrases(before).filter((tail) => tail.trim().length >= 2);
  const found = new Map<string, Suggestion>();
  for (const tail of tails) {
    const wanted = tail.toLowerCase();
    for (const group of vocabulary.groups) {
      for (const entry of group.entries) {
        if (found.size >= limit) return [...found.values()];
        const fits = entry.length > tail.length && entry.toLowerCase().startsWith(wanted);
        if (fits && !found.has(entry)) found.set(entry, { entry, kind: group.kind, replaces: tail.length });
      }
    }
  }
  return [...found.values()];
}

/** The prompt and caret after a suggestion is taken. */
export function complete(prompt: string, caret: number, suggestion: Suggestion): { prompt: string; caret: number } {
  const head = prompt.slice(0, caret - suggestion.replaces) + suggestion.entry;
  const tail = prompt.slice(caret);
  const space = tail.startsWith(' ') || tail.startsWith(',') || tail.startsWith('.') ? '' : ' ';
  return { prompt: head + space + tail, caret: head.length + space.length };
}

/** "on the s" → ["on the s", "the s", "s"]. */
function trailingPhrases(before: string): string[] {
  if (before === '' || /[\s,.]$/u.test(before)) return [];
  const clause = before.slice(Math.max(before.lastIndexOf(','), before.lastIndexOf('\n'), before.lastIndexOf('.')) + 1);
  const starts = [...clause.matchAll(/\S+/gu)].map((word) => word.index).slice(-longestPhrase);
  return starts.map((start) => clause.slice(start));
}

/** Cuts a prompt at the words that the model does not know, for underlining: pieces in order, nothing lost. */
export function markUnknown(prompt: string, unknown: readonly string[]): { text: string; unknown: boolean }[] {
  if (unknown.length === 0) return prompt === '' ? [] : [{ text: prompt, unknown: false }];
  const words = new Set(unknown.map((word) => word.toLowerCase()));
  const pieces = prompt.split(/([\p{L}\p{N}][\p{L}\p{N}'’-]*)/u).filter((piece) => piece !== '');
  return pieces.map((text) => ({ text, unknown: words.has(text.toLowerCase()) }));
}
