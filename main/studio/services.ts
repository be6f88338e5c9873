// What the handlers of the contract work with, and what a handler is.
import type { CallName, CallOutput, calls } from '../contract/contract.ts';
import type { EngineSupervisor } from '../engine/supervisor.ts';
import type { Library } from '../library/library.ts';
import type { z } from 'zod';
import type { StudioEvents } from './events.ts';
import type { Models } from './models.ts';
import type { WorkQueue } from './work-queue.ts';

export interface Services {
  readonly library: Library;
  readonly models: Models;
  readonly engine: EngineSupervisor;
  readonly work: WorkQueue;
  readonly events: StudioEvents;
  /** Takes one line for whoever looks after the studio. */
  readonly log: (line: string) => void;
}

/** One function per call; its input is already checked, what it throws becomes the call's error. */
export type Handlers = {
  [N in CallName]: (input: z.output<(typeof calls)[N]['input']>) => CallOutput<N> | Promise<CallOutput<N>>;
};
