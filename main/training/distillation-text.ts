// A teacher's frozen text encoder, many prompts at a time. What the prompts say is the callers' business.
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
