// Notices a training whose loss grows instead of falling, before it has spoilt its checkpoints.
// Judges by the losses alone, so a resumed run that has read its log judges as if it had never stopped.
import { StudioError } from '../contract/errors.ts';

/** Share of the smoothed loss that stays at each step. */
const memory = 0.9;
/** Steps before the smoothed loss says anything. */
const settled = 20;
/** One loss this many times the first is no chance. */
const hopeless = 1000;

export class LossWatch {
  #steps = 0;
  #first = 0;
  #smooth = 0;
  #best = Infinity;

  /** `before`: losses of the steps that were made already. */
  constructor(before: readonly number[] = []) {
    for (const loss of before) this.#take(loss);
  }

  /** Is this a state worth keeping? A checkpoint of a run that gets worse would push the good one out. */
  get healthy(): boolean {
    return this.#steps < settled || this.#smooth <= Math.max(3 * this.#best, 1.5 * this.#first);
  }

  /** Throws StudioError `unsupported` when the loss has exploded. */
  see(step: number, loss: number): void {
    this.#take(loss);
    const runaway = this.#steps >= settled && this.#smooth > Math.max(10 * this.#best, 3 * this.#first);
    if (Number.isFinite(loss) && loss <= hopeless * this.#first && !runaway) return;
    throw new StudioError('unsupported', `The loss has exploded: from ${this.#first.toPrecision(3)} at first to ${loss.toPrecision(3)} at step ${step}.`, {
      hint: 'Duplicate the job with a third of the learning rate, or a larger batch. The last good checkpoint is kept.',
    });
  }

  #take(loss: number): void {
    this.#steps++;
    if (this.#steps === 1) [this.#first, this.#smooth] = [loss, loss];
    this.#smooth = memory * this.#smooth + (1 - memory) * loss;
    if (this.#steps >= settled / 2) this.#best = Math.min(this.#best, this.#smooth);
  }
}
