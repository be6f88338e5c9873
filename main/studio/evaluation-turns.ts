// When an evaluation may use the engine: never while a person's own pictures are wanted.
// Knows the queue of work and the live preview's events, and no evaluation.
import { setTimeout as sleep } from 'node:timers/promises';
import { StudioError } from '../contract/errors.ts';
import type { Services } from './services.ts';

/** Between two positions of a slider that is being dragged passes less than this. */
const dragMs = 1500;

export class Turns {
  readonly #work: Services['work'];
  #lastFrame = -Infinity;

  constructor({ work, events }: Pick<Services, 'work' | 'events'>) {
    this.#work = work;
    events.on('live.frame', () => (this.#lastFrame = performance.now()));
  }

  /** Resolves when nothing runs or waits, and no slider is being moved. Throws StudioError('cancelled') when `signal` is aborted. */
  async quiet(signal: AbortSignal): Promise<void> {
    let stop!: () => void;
    const aborted = new Promise<void>((resolve) => (stop = resolve));
    signal.addEventListener('abort', stop, { once: true });
    try {
      while (!signal.aborted) {
        await Promise.race([this.#work.whenIdle(), aborted]);
        const drag = this.#lastFrame + dragMs - performance.now();
        if (this.#work.size === 0 && drag <= 0) break;
        await Promise.race([sleep(Math.max(drag, 0)), aborted]);
      }
    } finally {
      signal.removeEventListener('abort', stop);
    }
    if (signal.aborted) throw new StudioError('cancelled', 'Stopped.');
  }
}
