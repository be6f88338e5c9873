// The studio a command works with: opened here when the library is free, else the one of the process that has it.
// Knows locks and addresses, nothing of what commands do.
import { setTimeout as sleep } from 'node:timers/promises';
import type { StudioClient } from '../contract/contract.ts';
import { StudioError } from '../contract/errors.ts';
import type { ImageRecord } from '../contract/schemas.ts';
import { openReadOnly } from '../library/library.ts';
import { findOwner } from '../library/lock.ts';
import { RemoteStudio } from '../server/attach.ts';
import { offerStudio } from '../server/offer.ts';
import type { StudioServer } from '../server/server.ts';
import { openStudio, type StudioOptions } from '../studio.ts';
import { embeddedModelsDir } from './places.ts';

/** How long to wait for an owner that has not said yet how to reach it, or has just died. */
const patienceMs = 10_000;
const retryMs = 200;

export interface Session extends Pick<StudioClient, 'call' | 'on'> {
  /** Resolves when the studio can no longer be reached; never for one of our own. */
  readonly gone: Promise<void>;
  /** Absolute path of a stored picture's PNG. Throws `not-found`. */
  imagePath(image: ImageRecord): Promise<string>;
  /** Ends what was opened; of an attached studio only the connection. */
  close(): Promise<void>;
}

export interface OwnStudio extends Session {
  readonly server: StudioServer;
}

interface Place {
  libraryDir: string;
  /** Folders of models besides the embedded ones and the library's own. */
  modelDirs: readonly string[];
  /** Folders and files that a studio of our own may read. */
  allowedPaths?: readonly string[];
}

/**
 * Opens the library as its owner and offers the studio to other processes of the user.
 * @throws StudioError `library-locked` when another process has it, and whatever opening a library throws
 */
export async function openOwnStudio(
  { libraryDir, modelDirs, port = 0, windowDir = null, ...options }: Place & { port?: number; windowDir?: string | null } & Pick<StudioOptions, 'queueWaits'>,
): Promise<OwnStudio> {
  const studio = await openStudio({ libraryDir, modelDirs: [embeddedModelsDir], userModelDirs: modelDirs, eager: true, ...options });
  try {
    const server = await offerStudio(studio, { port, windowDir });
    return {
      server,
      gone: new Promise(() => undefined),
      call: (name, input) => studio.call(name, input),
      on: (name, listener) => studio.on(name, listener),
      imagePath: async (image) => await studio.imagePath(image.id),
      close: async () => {
        await server.close();
        await studio.close();
      },
    };
  } catch (error) {
    await studio.close();
    throw error;
  }
}

/** The studio of the library, whoever has it. @throws StudioError `library-locked` when its owner cannot be reached, `cancelled` */
export async function openSession(
  place: Place & { signal: AbortSignal; note: (text: string) => void },
): Promise<Session> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    if (place.signal.aborted) throw new StudioError('cancelled', 'Cancelled.');
    try {
      return await openShared(place);
    } catch (error) {
      const locked = error instanceof StudioError && error.code === 'library-locked';
      if (!locked) throw error;
      const owner = findOwner(place.libraryDir);
      const attached = owner === null ? null : await RemoteStudio.attach(owner).catch(() => null);
      if (attached !== null) return attachedSession(attached, place.libraryDir);
      if (performance.now() > deadline) throw error;
    }
    await sleep(retryMs);
  }
}

/** Our own studio, which stays until nobody else uses it. */
async function openShared(place: Place & { signal: AbortSignal; note: (text: string) => void }): Promise<Session> {
  const { libraryDir, modelDirs, allowedPaths = [] } = place;
  // A picture asked for on the command line is no reason to begin a night of training.
  const own = await openOwnStudio({ libraryDir, modelDirs, allowedPaths, queueWaits: true });
  return {
    ...own,
    close: async () => {
      if (own.server.listeners > 0 && !place.signal.aborted) {
        place.note('Another command uses this library through this one; waiting for it (Ctrl+C to end both) …');
        const interrupted = new Promise<void>((resolve) => place.signal.addEventListener('abort', () => resolve(), { once: true }));
        await Promise.race([own.server.drained(), interrupted]);
      }
      await own.close();
    },
  };
}

function attachedSession(remote: RemoteStudio, libraryDir: string): Session {
  return {
    gone: remote.gone,
    call: (name, input) => remote.call(name, input),
    on: (name, listener) => remote.on(name, listener),
    imagePath: async (image) => {
      const library = openReadOnly(libraryDir);
      try {
        return library.imagePath(image.id);
      } finally {
        library.close();
      }
    },
    close: async () => {
      remote.close();
      await remote.gone;
    },
  };
}
