// A teacher's frozen text encoder, many prompts at a time, and a table of what it said about those that come again and again.
// What the prompts say is the callers' business.
import type { Checkpoint } from '../checkpoints/folder.ts';
import { Network } from '../diffusion/networks.ts';
import type { SessionOptions } from '../graph/session.ts';
import { clipTextEncoder, endPosition } from '../networks/clip.ts';
import { openTokenizer, type PromptTokenizer } from '../text/tokenizer.ts';

export interface Embeddings {
  /** [count, maxTokens, joint_attention_dim] */
  tokens: Float32Array;
  /** [count, pooled_projection_dim] */
  pooled: Float32Array;
}

export class TeacherText {
  readonly maxTokens: number;
  /** Of the empty prompt, count = 1. */
  readonly empty: Embeddings;
  readonly #tokenizer: PromptTokenizer;
  readonly #endToken: number;
  readonly #network: Network<'ids' | 'end'>;

  private constructor(checkpoint: Checkpoint, tokenizer: PromptTokenizer, options: SessionOptions) {
    const { config } = checkpoint.textEncoder;
    this.maxTokens = config.max_position_embeddings;
    this.empty = { tokens: new Float32Array(this.maxTokens * config.hidden_size), pooled: new Float32Array(config.projection_dim) };
    this.#tokenizer = tokenizer;
    this.#endToken = config.eos_token_id;
    this.#network = new Network(checkpoint.textEncoder, (w, { ids, end }) => {
      const { penultimate, pooled } = clipTextEncoder(config, w, ids, end);
      return { tokens: penultimate, pooled };
    }, options);
  }

  /** Throws StudioError `corrupt-file` for a damaged tokenizer or encoder. */
  static async open(checkpoint: Checkpoint, options: SessionOptions): Promise<TeacherText> {
    const text = new TeacherText(checkpoint, await openTokenizer(checkpoint.tokenizer), options);
    const { tokens, pooled } = await text.encode(['']);
    text.empty.tokens.set(tokens);
    text.empty.pooled.set(pooled);
    return text;
  }

  async encode(prompts: readonly string[]): Promise<Embeddings> {
    const count = prompts.length;
    const ids = new Int32Array(count * this.maxTokens);
    const end = Int32Array.from(prompts, (prompt, i) => {
      const encoded = this.#tokenizer.encodePrompt(prompt, this.maxTokens).ids;
      ids.set(encoded, i * this.maxTokens);
      return endPosition([...encoded], this.#endToken);
    });
    const { tokens, pooled } = await this.#network.run({ ids: { data: ids, shape: [count, this.maxTokens] }, end: { data: end, shape: [count] } });
    return { tokens: tokens!, pooled: pooled! };
  }

  close(): Promise<void> {
    return this.#network.close();
  }
}

/** `row` as often as asked, one below the other. */
export function repeated(row: Float32Array, count: number): Float32Array {
  const rows = new Float32Array(count * row.length);
  for (let i = 0; i < count; i++) rows.set(row, i * row.length);
  return rows;
}

/** Prompts that are encoded together for a table. */
const tableRows = 64;

/**
 * Encodes all prompts once, in an order that depends on nothing else, so that what is learned from them does not depend on when work was
 * interrupted. Returns a reader of rows by their numbers in `prompts`; `pause` throws when somebody wants to stop.
 */
export async function embeddingTable(text: TeacherText, prompts: readonly string[], pause: () => void): Promise<(rows: readonly number[]) => Embeddings> {
  const [width, pooledWidth] = [text.empty.tokens.length, text.empty.pooled.length];
  const tokens = new Float32Array(prompts.length * width);
  const pooled = new Float32Array(prompts.length * pooledWidth);
  for (let start = 0; start < prompts.length; start += tableRows) {
    pause();
    const encoded = await text.encode(prompts.slice(start, start + tableRows));
    tokens.set(encoded.tokens, start * width);
    pooled.set(encoded.pooled, start * pooledWidth);
  }
  return (rows) => {
    const found = { tokens: new Float32Array(rows.length * width), pooled: new Float32Array(rows.length * pooledWidth) };
    rows.forEach((row, i) => {
      found.tokens.set(tokens.subarray(row * width, (row + 1) * width), i * width);
      found.pooled.set(pooled.subarray(row * pooledWidth, (row + 1) * pooledWidth), i * pooledWidth);
    });
    return found;
  };
}
