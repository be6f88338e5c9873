// What the contract offers about folders and files of the machine: which may be read, and asking a person for one more.
import { StudioError } from '../contract/errors.ts';
import type { AllowedPaths } from './jobs-paths.ts';
import type { Handlers } from './services.ts';

/** Asks a person for a path with the host's own dialog; null when they picked none. */
export type PickPath = (what: 'folder' | 'file') => Promise<string | null>;

/** `pick`: null for a host without a screen. */
export function pathHandlers(allowed: AllowedPaths, pick: PickPath | null) {
  return {
    'paths.allowed': () => ({ paths: allowed.list(), dialog: pick !== null }),
    'paths.pick': async ({ what }) => {
      if (pick === null) throw new StudioError('unsupported', 'This studio has no dialog to pick a path with.', { hint: 'Start it with --allow and the folder, then type the path.' });
      const path = await pick(what);
      if (path !== null) allowed.allow(path);
      return { path };
    },
  } satisfies Partial<Handlers>;
}
