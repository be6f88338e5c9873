// Hands the studio's events to whoever listens. Knows the contract's event names and nothing of transports.
import type { EventData, EventName, Unsubscribe } from '../contract/contract.ts';

type Listener<E extends EventName> = (data: EventData<E>) => void;

export class StudioEvents {
  readonly #listeners = new Map<EventName, Set<Listener<never>>>();
  readonly #log: (line: string) => void;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  on<E extends EventName>(name: E, listener: Listener<E>): Unsubscribe {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** A listener that throws is logged; the others, and the work that reports, go on. */
  emit<E extends EventName>(name: E, data: EventData<E>): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])] as Listener<E>[]) {
      try {
        listener(data);
      } catch (thrown) {
        this.#log(`A listener of ${name} failed: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`);
      }
    }
  }
}
