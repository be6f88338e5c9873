// One owner of a library at a time. The lock is an exclusive transaction on `owner.lock`, which the operating system
// gives up when the process dies; `owner.json` only tells others how to reach whoever holds it.
// Knows nothing of the library's contents.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { z } from 'zod';
import { writeDurably } from './durable.ts';
import { asStudioError, guarded } from './errors.ts';
import { libraryPaths } from './location.ts';

export const OwnerInfo = z.object({
  pid: z.int().positive(),
  /** Loopback address of the owner's server. */
  url: z.url(),
  token: z.string().min(1),
  startedAt: z.iso.datetime(),
});
export type OwnerInfo = z.infer<typeof OwnerInfo>;

/**
 * How long a starter waits for the lock. Two that start at the same moment can refuse each other for an instant,
 * and `findOwner` holds the lock while it looks.
 */
const patienceMs = 300;

export class Ownership {
  readonly #lock: Sqlite.Database;
  readonly #dir: string;
  #released = false;

  constructor(dir: string, lock: Sqlite.Database) {
    this.#dir = dir;
    this.#lock = lock;
  }

  /** Tells other processes of this user how to reach this one. */
  publish(address: { url: string; token: string }): OwnerInfo {
    const info = OwnerInfo.parse({ ...address, pid: process.pid, startedAt: new Date().toISOString() });
    const { owner, root } = libraryPaths(this.#dir);
    guarded('Publishing the address of this studio', root, () =>
      writeDurably(owner, Buffer.from(`${JSON.stringify(info)}\n`), { temporary: `${owner}.tmp`, mode: 0o600 }));
    return info;
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    removeInfo(this.#dir);
    this.#lock.close();
  }
}

/**
 * Takes the library for this process, creating its folder. Where another process has it, answers `owner`: how to
 * reach that one, or null when it serves nobody (yet). Throws `permission` and `disk-full`.
 */
export function acquireOwnership(dir: string): Ownership | { owner: OwnerInfo | null } {
  const paths = libraryPaths(dir);
  const lock = guarded('Opening the library', paths.root, () => {
    mkdirSync(paths.root, { recursive: true, mode: 0o700 });
    return new Sqlite(paths.lock, { timeout: patienceMs });
  });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (thrown) {
    lock.close();
    const error = asStudioError(thrown, 'Taking the library', paths.root);
    if (error.code !== 'library-locked') throw error;
    return { owner: readInfo(dir) };
  }
  // What lies here was written by a process that is gone.
  removeInfo(dir);
  return new Ownership(dir, lock);
}

/** Who has the library now; null when nobody does or its owner serves nobody. Creates nothing. */
export function findOwner(dir: string): OwnerInfo | null {
  const info = readInfo(dir);
  if (!info) return null;
  const attempt = acquireOwnership(dir);
  if (!(attempt instanceof Ownership)) return attempt.owner;
  attempt.release();
  return null;
}

function readInfo(dir: string): OwnerInfo | null {
  try {
    const info = OwnerInfo.safeParse(JSON.parse(readFileSync(libraryPaths(dir).owner, 'utf8')));
    // A new owner holds the lock for an instant before the file of a dead one is gone.
    return info.success && isAlive(info.data.pid) ? info.data : null;
  } catch {
    return null;
  }
}

function removeInfo(dir: string): void {
  const { owner } = libraryPaths(dir);
  rmSync(owner, { force: true });
  rmSync(`${owner}.tmp`, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
