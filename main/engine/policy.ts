// What the supervisor decides, as pure functions: restart or give up, take work or refuse it, what to say of a death.
// Knows no process, no clock and no timers.
import type { ErrorData } from '../contract/errors.ts';

export interface EngineLimits {
  /** Jobs that may wait; one more is refused with 'busy'. */
  readonly maxQueued: number;
  /** From a polite cancel to the kill, ms. */
  readonly cancelGraceMs: number;
  /** A job without any message for this long is taken for hung, ms. Longer than any single network evaluation. */
  readonly silenceMs: number;
  /** From the start of the process to its first message, ms. */
  readonly startMs: number;
  /** For one provider's trial, ms. */
  readonly probeMs: number;
}

export const defaultLimits: EngineLimits = Object.freeze({
  maxQueued: 32,
  cancelGraceMs: 5_000,
  silenceMs: 300_000,
  startMs: 60_000,
  probeMs: 60_000,
});

const crashWindowMs = 60_000;
/** Waits before the first, second and third restart within the window; a fourth crash stops the engine. */
const restartDelaysMs = [0, 500, 2_000] as const;

/** How long to wait before the next start, ms, or null: it crashed too often and stays down. `crashes`: their times, ms. */
export function restartDelay(crashes: readonly number[], now: number): number | null {
  const recent = recentCrashes(crashes, now).length;
  if (recent === 0) return 0;
  return restartDelaysMs[recent - 1] ?? null;
}

/** Crashes that still count. */
export function recentCrashes(crashes: readonly number[], now: number): number[] {
  return crashes.filter((time) => now - time < crashWindowMs);
}

/** May another job be taken in? */
export function admits(queued: number, limits: EngineLimits): boolean {
  return queued < limits.maxQueued;
}

/** Why a process was ended on purpose; null: it died by itself. */
export type KillReason = 'cancelled' | 'timeout' | 'closing' | null;

/** The error of the job that a process took with it. */
export function deathError(reason: KillReason, code: number | null, signal: string | null, stderr: string): ErrorData {
  const details = stderr.trim() === '' ? {} : { details: stderr.trim() };
  switch (reason) {
    case 'cancelled':
    case 'closing':
      return { code: 'cancelled', message: 'Stopped.' };
    case 'timeout':
      return {
        code: 'timeout',
        message: 'The engine did not answer for too long and was restarted.',
        hint: 'Try fewer steps or a smaller model; if it happens on a graphics card, choose the CPU in the settings.',
        ...details,
      };
    case null:
      return {
        code: 'engine-crashed',
        message: `The engine stopped unexpectedly (${signal === null ? `exit code ${code ?? 'unknown'}` : signal}); only this picture is lost.`,
        hint:
          signal === 'SIGKILL'
            ? 'The operating system may have ended it because memory ran out. Close other programs and try again.'
            : 'Try again; if it happens on a graphics card, choose the CPU in the settings.',
        ...details,
      };
  }
}

/** What is said to everyone who wants an engine that crashed too often. */
export function gaveUpError(stderr: string): ErrorData {
  return {
    code: 'engine-crashed',
    message: `The engine crashed ${restartDelaysMs.length + 1} times within a minute and was not started again.`,
    hint: 'Wait a minute and try again; `doctor` shows what each device said.',
    ...(stderr.trim() !== '' && { details: stderr.trim() }),
  };
}

/** The job to do next: previews wait behind everything else. Undefined when there is none. */
export function nextTask<T extends { readonly kind: string }>(waiting: readonly T[]): T | undefined {
  return waiting.find((task) => task.kind !== 'live') ?? waiting[0];
}

/** Does this death count against the engine? One asked for by a person does not. */
export function isCrash(reason: KillReason): boolean {
  return reason === null || reason === 'timeout';
}
