// Keeps the few models (or metrics) that are in use open, because opening one takes longer than a picture.
// Knows nothing of how one is opened: that is given.
import type { ModelRef } from './messages.ts';

export interface Open {
  close(): Promise<void>;
}

/**
 * The least recently used model is closed when one more is opened than there is room for. One caller at a time: the engine works
 * off its jobs one by one, so nothing is closed that is in use.
 */
export class PipelineCache<P extends Open, Ref extends ModelRef = ModelRef> {
  readonly #capacity: number;
  readonly #open: (model: Ref) => Promise<P>;
  /** In order of last use, oldest first. */
  readonly #entries = new Map<string, { model: Ref; pipeline: P }>();

  constructor(capacity: number, open: (model: Ref) => Promise<P>) {
    this.#capacity = capacity;
    this.#open = open;
  }

  /** The open model; opens it when it is not, or when its files have changed since. */
  async get(model: Ref): Promise<P> {
    const entry = this.#entries.get(model.id);
    this.#entries.delete(model.id);
    if (entry !== undefined && entry.model.hash === model.hash) {
      this.#entries.set(model.id, entry);
      return entry.pipeline;
    }
    await entry?.pipeline.close();
    // Room is made first: two models at once may be more than the memory holds.
    for (const [id, oldest] of this.#entries) {
      if (this.#entries.size < this.#capacity) break;
      this.#entries.delete(id);
      await oldest.pipeline.close();
    }
    const pipeline = await this.#open(model);
    this.#entries.set(model.id, { model, pipeline });
    return pipeline;
  }

  async clear(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const { pipeline } of entries) await pipeline.close();
  }
}
