// The folders and files that a person allowed the studio to read. A window sends paths; only those picked in the host's own dialog, or named
// when it was started, are opened.
import { isWithin, realPath } from '../checkpoints/confine.ts';
import { StudioError } from '../contract/errors.ts';

export class AllowedPaths {
  readonly #roots: Set<string>;

  /** Folders, with all that is in them, and single files. */
  constructor(roots: readonly string[] = []) {
    this.#roots = new Set(roots);
  }

  allow(path: string): void {
    this.#roots.add(path);
  }

  list(): string[] {
    return [...this.#roots];
  }

  /** The real path of `path`. Throws 'permission' for one that nobody allowed, 'not-found'. */
  async open(path: string): Promise<string> {
    const real = await realPath(path).catch(() => null);
    const roots = await Promise.all([...this.#roots].map((root) => realPath(root).catch(() => root)));
    // Whether something exists is no answer for whoever may not look.
    if (roots.some((root) => isWithin(real ?? path, root))) return real ?? realPath(path);
    throw new StudioError('permission', `${path}: the studio was not allowed to read this.`, {
      hint: 'Pick it with the button, or start the server with --allow and its folder.',
    });
  }
}
