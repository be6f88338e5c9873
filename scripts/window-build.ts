// Builds window, preload and shell into out/, and tells whether that is needed.
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot, runTool, type Output } from './tools.ts';

/** What the bundles are made of. */
const sources = ['electron', 'main', 'renderer', 'resources', 'electron.vite.config.ts', 'package.json', 'package-lock.json'];

function newestChange(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return path.endsWith('.test.ts') ? 0 : stat.mtimeMs;
  return readdirSync(path).reduce((newest, name) => Math.max(newest, newestChange(join(path, name))), 0);
}

/** True when there is no finished build, or a source has changed since. */
export function isStale(root = projectRoot): boolean {
  const stamp = statSync(join(root, 'out', 'built'), { throwIfNoEntry: false });
  if (stamp === undefined || !existsSync(join(root, 'out', 'renderer', 'index.html'))) return true;
  return sources.some((source) => newestChange(join(root, source)) > stamp.mtimeMs);
}

/** Builds everything under out/; false when the bundler found a fault, which it tells. */
export async function build(output: Output = 'shown'): Promise<boolean> {
  const started = new Date();
  const { code } = await runTool('electron-vite', ['build', '--logLevel', 'error'], { limitSeconds: 300, output });
  if (code === 0) {
    const stamp = join(projectRoot, 'out', 'built');
    writeFileSync(stamp, '');
    // Dated back to the start: a source saved while the bundler ran makes this build stale.
    utimesSync(stamp, started, started);
  }
  return code === 0;
}
