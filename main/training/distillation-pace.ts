// How fast a phase of a training goes and how long it will take, judged by its latest stretch.

export class Pace {
  readonly #total: number;
  readonly #samplesPerStep: number;
  #step: number;
  #last: number;
  /** Smoothed milliseconds a step. */
  #ms: number | null = null;

  /** `now`: milliseconds of any clock. */
  constructor(total: number, samplesPerStep: number, step = 0, now = performance.now()) {
    this.#total = total;
    this.#samplesPerStep = samplesPerStep;
    this.#step = step;
    this.#last = now;
  }

  /** To be called when `step` steps are done. */
  at(step: number, now = performance.now()): { samplesPerSecond: number; secondsLeft: number } {
    const ms = Math.max(1e-3, (now - this.#last) / Math.max(1, step - this.#step));
    this.#ms = this.#ms === null ? ms : 0.9 * this.#ms + 0.1 * ms;
    this.#step = step;
    this.#last = now;
    return { samplesPerSecond: (1000 * this.#samplesPerStep) / this.#ms, secondsLeft: (this.#ms * Math.max(0, this.#total - step)) / 1000 };
  }
}
