// Writes a file so that its final name holds either the old content or all of the new, whenever the power goes.
// Knows nothing of what is written.
import { randomBytes } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileError } from './errors.ts';

/**
 * Runs `write` on a new file beside `path`, makes it durable and gives it its final name.
 * When anything fails the new file is removed and `path` is as it was.
 * Throws StudioError: `disk-full`, `permission`, `not-found` (no such folder); a StudioError of `write` passes through.
 */
export async function writeAtomically(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw fileError(thrown, path);
  }
  await syncFolder(dirname(path));
}

/** Writes `content` (text as UTF-8) as the whole of `path`. Errors as `writeAtomically`. */
export function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  return writeAtomically(path, (file) => file.writeFile(content));
}

/** Makes names created in `folder` durable. Windows keeps no such promise and cannot open folders. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    throw fileError(thrown, folder);
  }
}
