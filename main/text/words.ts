// Writes the tokenizer of a model with a closed vocabulary: one token per word, in the tokenizer.json format that the
// common tokenizer libraries read.
import { StudioError } from '../contract/errors.ts';

/** What is not part of a word. */
const separators = '[\\s\\p{P}]+';

/** Id of the padding token. Ids follow CLIP's habit otherwise: words, then start, then end with the largest id. */
export const wordPadId = 0;
export const wordUnknownId = 1;

/**
 * The tokenizer.json of a word-level tokenizer for `words`: text is lower-cased (NFKC) and split at spaces and punctuation, which are
 * dropped; prompts become [BOS] … [EOS], then [PAD].
 *
 * Ids: [PAD] 0, [UNK] 1, the words from 2 in code-unit order, [BOS] n−2, [EOS] n−1. The end token is both the only one of its id and the
 * largest, so CLIP's two rules for finding the pooled position agree, and padding never looks like an end.
 *
 * The four are not listed as added tokens: a person who types "[EOS]" gets an unknown word and not an end.
 * The same set of words gives the same object. Throws StudioError `invalid-input` for a word that could never be matched.
 */
export function wordTokenizerJson(words: Iterable<string>): object {
  const sorted = [...new Set(words)].sort((a, b) => (a < b ? -1 : 1));
  const misfit = sorted.find((word) => word === '' || word !== word.normalize('NFKC').toLowerCase() || new RegExp(separators, 'u').test(word));
  if (misfit !== undefined) {
    throw new StudioError('invalid-input', `"${misfit}" cannot be a word of a tokenizer: words are lower-case, without spaces and punctuation.`);
  }
  const tokens = ['[PAD]', '[UNK]', ...sorted, '[BOS]', '[EOS]'];
  const bos = tokens.length - 2;
  const eos = tokens.length - 1;
  const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const sequence = (id: string) => ({ Sequence: { id, type_id: 0 } });
  return {
    version: '1.0',
    truncation: null,
    padding: { strategy: 'BatchLongest', direction: 'Right', pad_to_multiple_of: null, pad_id: wordPadId, pad_type_id: 0, pad_token: '[PAD]' },
    added_tokens: [],
    normalizer: { type: 'Sequence', normalizers: [{ type: 'NFKC' }, { type: 'Lowercase' }] },
    pre_tokenizer: { type: 'Split', pattern: { Regex: separators }, behavior: 'Removed', invert: false },
    post_processor: {
      type: 'TemplateProcessing',
      single: [special('[BOS]'), sequence('A'), special('[EOS]')],
      pair: [special('[BOS]'), sequence('A'), sequence('B'), special('[EOS]')],
      special_tokens: {
        '[BOS]': { id: '[BOS]', ids: [bos], tokens: ['[BOS]'] },
        '[EOS]': { id: '[EOS]', ids: [eos], tokens: ['[EOS]'] },
      },
    },
    decoder: null,
    model: { type: 'WordLevel', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), unk_token: '[UNK]' },
  };
}
