// Keeps files of a checkpoint inside the folders a person chose, whatever links say.
import { realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import { StudioError } from '../contract/errors.ts';
import { fileError } from './errors.ts';

/** The path without links. Throws StudioError `not-found`, `permission`, `corrupt-file` (links in a circle). */
export async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (thrown) {
    throw fileError(thrown, path);
  }
}

/** `realPath(path)`, which must lie within one of the real paths `roots`. Throws StudioError `permission` when it does not. */
export async function realPathWithin(path: string, roots: readonly string[]): Promise<string> {
  const real = await realPath(path);
  if (roots.some((root) => isWithin(real, root))) return real;
  throw new StudioError('permission', `${path}: leads out of the model's folder.`, {
    hint: 'Replace the link by a copy of the file it leads to.',
  });
}

/** Whether `path` is `root` or lies below it; both absolute and without links. */
export function isWithin(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}
