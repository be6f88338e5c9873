// Turns what a person types into a search box into SQL conditions over prompts. Any text is valid input.

export interface SearchCondition {
  /** Over a table `prompts` in scope. */
  sql: string;
  parameters: Record<string, string>;
}

/** Scripts written without spaces: the index holds a whole sentence as one word, so these are looked for as substrings. */
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const words = /[\p{L}\p{N}\p{M}]+/gu;

/**
 * All words must occur, the last one as a prefix, without regard to case and accents. Text without any word (a symbol,
 * an emoji) is looked for as it is. Null for blank text: no condition.
 */
export function promptCondition(search: string): SearchCondition | null {
  const text = search.toWellFormed().trim();
  if (text === '') return null;
  const found = text.match(words) ?? [];
  const indexed = found.filter((word) => !unspaced.test(word));
  const literal = found.length === 0 ? [text] : found.filter((word) => unspaced.test(word));

  const parameters: Record<string, string> = {};
  const conditions: string[] = [];
  if (literal.length > 0) {
    parameters['literal'] = JSON.stringify(literal);
    conditions.push('NOT EXISTS (SELECT 1 FROM json_each(:literal) WHERE instr(prompts.text, value) = 0)');
  }
  if (indexed.length > 0) {
    // Quoted, a word cannot be an operator of FTS5's query language.
    const lastIsPrefix = indexed.at(-1) === found.at(-1);
    parameters['match'] = indexed.map((word) => `"${word}"`).join(' ') + (lastIsPrefix ? '*' : '');
    conditions.push('prompts.id IN (SELECT rowid FROM prompts_fts WHERE prompts_fts MATCH :match)');
  }
  return { sql: conditions.join(' AND '), parameters };
}
