// Files that are whole or absent: written under a temporary name, flushed, renamed, and the folder flushed.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Puts `bytes` at `path`, replacing what is there. `temporary` must lie on the same volume.
 * Throws what the file system throws; nothing is then left under either name that was not there before.
 */
export function writeDurably(path: string, bytes: Uint8Array, options: { temporary: string; mode?: number }): void {
  try {
    writeFlushed(options.temporary, bytes, options.mode ?? 0o666);
    renameSync(options.temporary, path);
  } catch (error) {
    rmSync(options.temporary, { force: true });
    throw error;
  }
  flushFolder(dirname(path));
}

/** Flushes an existing file, such as one that SQLite has written. */
export function flushFile(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Makes names in a folder survive a power cut. Windows has no such call and needs none. */
export function flushFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function writeFlushed(path: string, bytes: Uint8Array, mode: number): void {
  const file = openSync(path, 'w', mode);
  try {
    let written = 0;
    while (written < bytes.length) written += writeSync(file, bytes, written);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
