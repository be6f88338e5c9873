// Turns what SQLite and the file system throw into StudioErrors a person can act on.
import { statfsSync } from 'node:fs';
import { StudioError, type ErrorCode } from '../contract/errors.ts';

const codes: Record<string, ErrorCode> = {
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  SQLITE_FULL: 'disk-full',
  EACCES: 'permission',
  EPERM: 'permission',
  EROFS: 'permission',
  SQLITE_PERM: 'permission',
  SQLITE_READONLY: 'permission',
  SQLITE_CANTOPEN: 'permission',
  SQLITE_CORRUPT: 'corrupt-file',
  SQLITE_NOTADB: 'corrupt-file',
  SQLITE_BUSY: 'library-locked',
  SQLITE_LOCKED: 'library-locked',
};

const sentences: Partial<Record<ErrorCode, [message: string, hint: string]>> = {
  'disk-full': ['the disk is full', 'Free some space on the disk that holds the library and try again. What was stored before is safe.'],
  permission: ['the system does not allow it', 'Check that the library folder belongs to you and can be written.'],
  'corrupt-file': ['the library file is damaged', 'Keep a copy of the library folder, then restore library.sqlite from a backup. The pictures lie in the images folder.'],
  'library-locked': ['another process is using the library', 'Close the other studio and try again.'],
};

/**
 * `doing` completes "… failed", such as "Storing the picture". A StudioError passes unchanged; what is not
 * known becomes `internal`. `folder` is asked for its free space where SQLite only says that I/O failed.
 */
export function asStudioError(thrown: unknown, doing: string, folder?: string): StudioError {
  if (thrown instanceof StudioError) return thrown;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const code = codeOf(error, folder);
  const sentence = sentences[code];
  return new StudioError(code, `${doing} failed: ${sentence?.[0] ?? error.message}.`, {
    ...(sentence && { hint: sentence[1] }),
    details: error.message,
    cause: thrown,
  });
}

export function guarded<T>(doing: string, folder: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asStudioError(error, doing, folder);
  }
}

function codeOf(error: Error, folder: string | undefined): ErrorCode {
  const raw = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const primary = raw.startsWith('SQLITE_') ? raw.split('_').slice(0, 2).join('_') : raw;
  // The shared-memory file beside the database cannot grow on a full disk, which SQLite reports as plain I/O.
  if (primary === 'SQLITE_IOERR' && folder !== undefined && isFull(folder)) return 'disk-full';
  return codes[primary] ?? 'internal';
}

function isFull(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize < 64 * 1024;
  } catch {
    return false;
  }
}
