// Finds Electron's binary, which its npm package fetches on first use instead of carrying it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot, run } from './tools.ts';

const limitSeconds = 60;

/** Where the package keeps its binary once it has one; null before that. */
export function installedElectron(packageFolder: string, overrideFolder = process.env['ELECTRON_OVERRIDE_DIST_PATH']): string | null {
  const note = join(packageFolder, 'path.txt');
  if (!existsSync(note)) return null;
  const binary = join(overrideFolder ?? join(packageFolder, 'dist'), readFileSync(note, 'utf8').trim());
  return existsSync(binary) ? binary : null;
}

/** Chromium's sandbox refuses to run as root on Linux, and the studio does not open a window without it. */
export function mayRunSandboxed(platform = process.platform, uid = process.getuid?.()): boolean {
  return platform !== 'linux' || uid !== 0;
}

/**
 * Electron's binary, fetched first when it is missing; that is announced and takes a minute at the most.
 * @returns its path, or the reason why there is none
 */
export async function electronBinary(): Promise<{ path: string } | { reason: string }> {
  if (!mayRunSandboxed()) return { reason: 'Electron does not run sandboxed as root' };
  const folder = join(projectRoot, 'node_modules', 'electron');
  if (!existsSync(folder)) return { reason: 'Electron is not installed' };
  const found = installedElectron(folder);
  if (found !== null) return { path: found };
  process.stdout.write(`Fetching Electron, once (for at most ${limitSeconds} s) …\n`);
  const ended = await run(process.execPath, [join(folder, 'install.js')], { limitSeconds, output: 'none' });
  const fetched = installedElectron(folder);
  if (fetched !== null) return { path: fetched };
  return { reason: ended.timedOut ? `Electron could not be fetched within ${limitSeconds} s` : 'Electron could not be fetched' };
}
