// Turns a prompt into the token ids that a text encoder takes, and says what the encoder will not see of it.
// Knows tokenizer.json files; knows nothing of networks.
import { Tokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { readJson } from '../checkpoints/json.ts';
import { StudioError } from '../contract/errors.ts';
import type { PromptCheck } from '../contract/schemas.ts';

export interface EncodedPrompt {
  /** [maxTokens]: start, words, end, then padding. */
  ids: Int32Array;
  /** How many of them are not padding. */
  tokens: number;
  /** Words at the end did not fit and are not in `ids`. */
  truncated: boolean;
  /** As typed, each once, in the prompt's order; a truncated prompt's last words included. */
  unknownWords: string[];
}

/** The library makes a list as long as the largest id, so a damaged one must not reach it. */
const tokenId = z.int().min(0).max(10_000_000);

/** What this module relies on; the rest of the file is the library's business. */
const TokenizerFile = z.looseObject({
  added_tokens: z.array(z.looseObject({ id: tokenId, content: z.string() })),
  padding: z.looseObject({ pad_id: tokenId }).nullish(),
  model: z.looseObject({
    type: z.string(),
    unk_token: z.string().nullish(),
    /** Ids by token, or tokens with their scores. */
    vocab: z.union([z.record(z.string(), tokenId), z.array(z.unknown())]),
  }),
});
type TokenizerFile = z.infer<typeof TokenizerFile>;

function largestId({ added_tokens: added, model: { vocab } }: TokenizerFile): number {
  let largest = Array.isArray(vocab) ? vocab.length - 1 : Object.values(vocab).reduce((most, id) => Math.max(most, id), -1);
  for (const { id } of added) largest = Math.max(largest, id);
  return largest;
}

/** Opens a `tokenizer.json`. Throws StudioError `not-found`, `permission`, `corrupt-file`. */
export async function openTokenizer(path: string): Promise<PromptTokenizer> {
  return new PromptTokenizer(await readJson(path, z.unknown()), path);
}

export class PromptTokenizer {
  readonly padId: number;
  /** Null where every text can be spelt with the tokens there are. */
  readonly unknownId: number | null;
  readonly bosId: number;
  readonly eosId: number;
  /** One more than the largest id: the rows an embedding table needs. */
  readonly vocabularySize: number;
  readonly #tokenizer: Tokenizer;

  /** `file` is the parsed tokenizer.json, `name` says in errors where it came from. Throws StudioError `corrupt-file`. */
  constructor(file: unknown, name: string) {
    const fail: (reason: string, cause?: unknown) => never = (reason, cause) => {
      throw new StudioError('corrupt-file', `${name}: ${reason}`, { cause });
    };
    const parsed = TokenizerFile.safeParse(file);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      fail(`is not a tokenizer: "${issue?.path.join('.')}": ${issue?.message}.`);
    }
    const { model, padding } = parsed.data;
    try {
      this.#tokenizer = new Tokenizer(parsed.data, { unk_token: model.unk_token ?? undefined });
    } catch (thrown) {
      fail('is not a tokenizer the studio can use.', thrown);
    }
    const empty = this.#encode('', name, true);
    if (empty.length !== 2) fail('does not put a start and an end around a prompt.');
    [this.bosId, this.eosId] = empty as [number, number];
    this.unknownId = model.unk_token == null ? null : (this.#tokenizer.token_to_id(model.unk_token) ?? fail('its unknown token is not in its vocabulary.'));
    this.padId = padding?.pad_id ?? fail('does not say which token pads a prompt.');
    this.vocabularySize = largestId(parsed.data) + 1;
    if (this.padId >= this.vocabularySize) fail('its padding token is not in its vocabulary.');
  }

  /** The token of `word`, undefined when it is none. */
  idOf(word: string): number | undefined {
    return this.#tokenizer.token_to_id(word);
  }

  /**
   * `text` as exactly `maxTokens` (≥ 2) ids; what does not fit between start and end is cut at the end.
   * Unknown words become the unknown token. Any text is valid.
   */
  encodePrompt(text: string, maxTokens: number): EncodedPrompt {
    const all = this.#encode(text, 'prompt', true);
    const truncated = all.length > maxTokens;
    const kept = truncated ? [...all.slice(0, maxTokens - 1), this.eosId] : all;
    const ids = new Int32Array(maxTokens).fill(this.padId);
    ids.set(kept);
    return { ids, tokens: kept.length, truncated, unknownWords: this.#unknownWords(text) };
  }

  /** What a person should know before `text` is used. Tokens are counted as typed: without start and end, and before cutting. */
  checkPrompt(text: string, maxTokens: number): PromptCheck {
    const tokens = this.#encode(text, 'prompt', false).length;
    return { tokens, maxTokens: maxTokens - 2, truncated: tokens > maxTokens - 2, unknownWords: this.#unknownWords(text) };
  }

  /** The library lower-cases before it splits and keeps no positions, so typed words are asked one by one. */
  #unknownWords(text: string): string[] {
    if (this.unknownId === null) return [];
    const typed = new Set(text.match(/[^\s\p{P}]+/gu) ?? []);
    return [...typed].filter((word) => this.#encode(word, 'prompt', false).includes(this.unknownId!));
  }

  #encode(text: string, name: string, special: boolean): number[] {
    const { ids } = this.#tokenizer.encode(text, { add_special_tokens: special });
    if (!ids.every((id) => Number.isInteger(id))) throw new StudioError('corrupt-file', `${name}: the tokenizer has no token for a part of it.`);
    return ids;
  }
}
