// Turns what the file system throws into errors a person can act on.
// Knows error codes of the operating system and nothing of what the files hold.
import { StudioError } from '../contract/errors.ts';

/** A file that is not what its name or header says; `reason` completes the sentence that starts with the path. */
export function corruptFile(path: string, reason: string, cause?: unknown): StudioError {
  return new StudioError('corrupt-file', `${path}: ${reason}`, cause === undefined ? {} : { cause });
}

/** Shows a name from an untrusted file: quoted, control characters escaped, of bounded length. */
export function quoteName(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

/** `thrown` as a StudioError about `path`. A StudioError stays as it is. */
export function fileError(thrown: unknown, path: string): StudioError {
  if (thrown instanceof StudioError) return thrown;
  const cause = { cause: thrown };
  switch (systemCode(thrown)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new StudioError('not-found', `${path}: no such file or folder.`, cause);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new StudioError('permission', `${path}: the operating system does not allow it.`, cause);
    case 'EISDIR':
      return corruptFile(path, 'is a folder, a file is expected.', thrown);
    case 'ELOOP':
      return corruptFile(path, 'its links lead in a circle.', thrown);
    case 'ENOSPC':
    case 'EDQUOT':
      return new StudioError('disk-full', `${path}: the disk is full.`, { ...cause, hint: 'Free some space and try again; nothing was changed.' });
    case 'EFBIG':
      return new StudioError('disk-full', `${path}: the file is larger than this disk or user may have.`, cause);
    case 'ENOMEM':
    case 'ERR_BUFFER_TOO_LARGE':
      return new StudioError('out-of-memory', `${path}: not enough memory to hold it.`, cause);
    default:
      // An array that cannot be allocated is a RangeError without a code.
      if (thrown instanceof RangeError) return new StudioError('out-of-memory', `${path}: not enough memory to hold it.`, cause);
      return new StudioError('internal', `${path}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, cause);
  }
}

function systemCode(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
}
