// The picture files of a library, each under the SHA-256 of its bytes: `images/ab/ab….png`.
// Knows nothing of rows: who may remove a file is decided elsewhere.
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StudioError } from '../../contract/errors.ts';
import { flushFolder, writeDurably } from '../durable.ts';
import { asStudioError, guarded } from '../errors.ts';
import type { LibraryPaths } from '../location.ts';
import { sha256 as hashOf } from './png.ts';

const hashPattern = /^[0-9a-f]{64}$/;

export class ImageFiles {
  readonly #paths: LibraryPaths;

  constructor(paths: LibraryPaths) {
    this.#paths = paths;
  }

  /** Creates the folders. For the owner. */
  prepare(): void {
    guarded('Opening the library', this.#paths.root, () => mkdirSync(this.#paths.temporary, { recursive: true, mode: 0o700 }));
  }

  /** Refuses anything but a hash, so that no name can lead out of the library. */
  pathOf(sha256: string): string {
    if (!hashPattern.test(sha256)) throw new StudioError('invalid-input', 'This is not the name of a stored picture.');
    return join(this.#folderOf(sha256), `${sha256}.png`);
  }

  /** On disk when this returns. True when a file was written, false when the same one was there. Throws `disk-full`, `permission`. */
  write(sha256: string, bytes: Uint8Array): boolean {
    const path = this.pathOf(sha256);
    return guarded('Storing the picture', this.#paths.root, () => {
      if (existsSync(path) && hashOf(readFileSync(path)) === sha256) return false;
      const folder = this.#folderOf(sha256);
      if (mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined) flushFolder(this.#paths.images);
      mkdirSync(this.#paths.temporary, { recursive: true, mode: 0o700 });
      writeDurably(path, bytes, { temporary: join(this.#paths.temporary, `${randomUUID()}.png`), mode: 0o600 });
      return true;
    });
  }

  /** Throws `not-found`, and `corrupt-file` when the bytes are not those that were stored. */
  read(sha256: string): Buffer {
    const path = this.pathOf(sha256);
    if (!existsSync(path)) throw missing(path);
    const bytes = guarded('Reading the picture', this.#paths.root, () => readFileSync(path));
    if (hashOf(bytes) !== sha256) {
      throw new StudioError('corrupt-file', `The picture file ${path} is not the one that was stored.`, {
        hint: 'Make the picture again: its settings are in the history.',
      });
    }
    return bytes;
  }

  /** The path of a file that is there. Throws `not-found`. */
  existing(sha256: string): string {
    const path = this.pathOf(sha256);
    if (!existsSync(path)) throw missing(path);
    return path;
  }

  writtenAt(sha256: string): Date {
    return guarded('Reading the picture', this.#paths.root, () => statSync(this.pathOf(sha256)).mtime);
  }

  /** A file that is gone already is no error. */
  remove(sha256: string): void {
    guarded('Removing the picture', this.#paths.root, () => rmSync(this.pathOf(sha256), { force: true }));
  }

  /** Hashes by the names of all picture files. */
  list(): string[] {
    return guarded('Reading the library', this.#paths.root, () =>
      entries(this.#paths.images)
        .filter((folder) => /^[0-9a-f]{2}$/.test(folder))
        .flatMap((folder) => entries(join(this.#paths.images, folder))
          .filter((name) => name.endsWith('.png'))
          .map((name) => name.slice(0, -'.png'.length))
          .filter((hash) => hashPattern.test(hash) && hash.startsWith(folder))));
  }

  /** Removes what a killed process left unfinished. Returns how many files. */
  clearTemporary(): number {
    let removed = 0;
    for (const name of entries(this.#paths.temporary)) {
      try {
        rmSync(join(this.#paths.temporary, name), { force: true, recursive: true });
        removed++;
      } catch (error) {
        throw asStudioError(error, 'Removing unfinished files', this.#paths.root);
      }
    }
    return removed;
  }

  #folderOf(sha256: string): string {
    return join(this.#paths.images, sha256.slice(0, 2));
  }
}

function missing(path: string): StudioError {
  return new StudioError('not-found', `The picture file ${path} is missing.`, {
    hint: 'Put it back, or make the picture again: its settings are in the history.',
  });
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return [];
    throw error;
  }
}
