// Where a library lives on each platform and where its parts lie inside it.
// Knows names only: it neither creates nor reads anything.
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

export interface LibraryPaths {
  root: string;
  database: string;
  images: string;
  /** Unfinished picture files; beside the finished ones, so that a rename never crosses a volume. */
  temporary: string;
  /** Held by the owner. Never open it with `fs`: on POSIX, closing any handle of a file drops the process's locks on it. */
  lock: string;
  owner: string;
}

export function libraryPaths(dir: string): LibraryPaths {
  const root = resolve(dir);
  const images = join(root, 'images');
  return {
    root,
    database: join(root, 'library.sqlite'),
    images,
    temporary: join(images, 'tmp'),
    lock: join(root, 'owner.lock'),
    owner: join(root, 'owner.json'),
  };
}

interface Surroundings {
  platform: NodeJS.Platform;
  env: NodeJS.ProcessEnv;
  home: string;
}

/** The user's library: `TEEFUSION_LIBRARY` where it is set, else the platform's folder for application data. */
export function defaultLibraryDir(
  { platform, env, home }: Surroundings = { platform: process.platform, env: process.env, home: homedir() },
): string {
  if (env['TEEFUSION_LIBRARY']) return resolve(env['TEEFUSION_LIBRARY']);
  if (platform === 'win32') return join(env['APPDATA'] || join(home, 'AppData', 'Roaming'), 'TeEFusion Studio');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'TeEFusion Studio');
  // The XDG specification tells to ignore a relative path.
  const dataHome = env['XDG_DATA_HOME'];
  return join(dataHome?.startsWith('/') ? dataHome : join(home, '.local', 'share'), 'teefusion-studio');
}
