// Ctrl+C and polite kills: the first asks to stop in order, a later one ends the process at once.
import { StudioError } from '../contract/errors.ts';

/** A runner of scripts between the terminal and us passes the same Ctrl+C on a second time. */
const sameKeyPressMs = 500;

/** A signal that aborts when the process is asked to stop. Call `release` when there is nothing left to stop. */
export function interruption(): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  let first: number | null = null;
  const onSignal = () => {
    const now = performance.now();
    if (first === null) {
      first = now;
      controller.abort();
    } else if (now - first > sameKeyPressMs) {
      process.exit(1);
    }
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  return {
    signal: controller.signal,
    release: () => {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}

/** Waits for `work` until the person stops it. @throws StudioError `cancelled` */
export function unlessInterrupted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const cancelled = () => new StudioError('cancelled', 'Cancelled.');
  if (signal.aborted) return Promise.reject(cancelled());
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(cancelled());
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
