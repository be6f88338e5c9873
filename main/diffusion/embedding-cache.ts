// Keeps the embeddings of recent prompts, because a person turns the guidance slider far more often than they change the words.
// Knows nothing of how a prompt is encoded.
import type { PromptEmbedding, TextEncoder } from './model.ts';

/** Some thousand prompts of a small model, a dozen of SD3's. */
const defaultBudgetBytes = 64 * 2 ** 20;

/**
 * A text encoder that remembers: the least recently used embeddings go once all together exceed `budgetBytes`. Wrap an encoder once and
 * give the wrapper to every pipeline that shares it.
 */
export class CachedTextEncoder implements TextEncoder {
  readonly #encoder: TextEncoder;
  readonly #budgetBytes: number;
  /** In order of last use, the oldest first: a Map keeps the order of insertion. */
  readonly #embeddings = new Map<string, PromptEmbedding>();
  #bytes = 0;

  constructor(encoder: TextEncoder, budgetBytes = defaultBudgetBytes) {
    this.#encoder = encoder;
    this.#budgetBytes = budgetBytes;
  }

  async encode(prompt: string): Promise<PromptEmbedding> {
    const embedding = this.#embeddings.get(prompt) ?? (await this.#encoder.encode(prompt));
    this.#forget(prompt);
    this.#embeddings.set(prompt, embedding);
    this.#bytes += bytesOf(embedding);
    for (const oldest of this.#embeddings.keys()) {
      if (this.#bytes <= this.#budgetBytes) break;
      this.#forget(oldest);
    }
    return embedding;
  }

  #forget(prompt: string): void {
    const embedding = this.#embeddings.get(prompt);
    if (embedding === undefined) return;
    this.#embeddings.delete(prompt);
    this.#bytes -= bytesOf(embedding);
  }
}

function bytesOf(embedding: PromptEmbedding): number {
  return embedding.tokens.byteLength + embedding.pooled.byteLength;
}
