// Lets one piece of work on the engine happen at a time, in order: times of pictures are only fair when nothing else runs.
// Knows neither runs nor engines.
import { StudioError } from '../contract/errors.ts';

/** Work that may wait; one piece more is refused. */
const maxWaiting = 200;

export class WorkQueue {
  #last: Promise<unknown> = Promise.resolve();
  #size = 0;
  readonly #onChange: () => void;

  /** `onChange` is called whenever `size` has changed. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Pieces of work that run or wait. */
  get size(): number {
    return this.#size;
  }

  /** Throws StudioError('busy') when no more work is taken in. */
  assertRoom(): void {
    if (this.#size > maxWaiting) {
      throw new StudioError('busy', `${maxWaiting} runs are waiting already.`, { hint: 'Wait for some of them or cancel them.' });
    }
  }

  /** Does `work` when all that came before has ended, well or badly. Throws as `assertRoom`, rejects as `work`. */
  add<T>(work: () => Promise<T>): Promise<T> {
    this.assertRoom();
    this.#resize(1);
    const result = this.#last.then(work).finally(() => this.#resize(-1));
    this.#last = result.catch(() => {});
    return result;
  }

  /** Resolves when nothing runs and nothing waits. */
  async whenIdle(): Promise<void> {
    while (this.#size > 0) await this.#last;
  }

  #resize(difference: number): void {
    this.#size += difference;
    this.#onChange();
  }
}
