// Starts the project's tools (compiler, linter, bundler, test runner) as child processes of this same Node.
// Knows where they are installed and nothing of what they do.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

export const projectRoot = join(import.meta.dirname, '..');

/** A tool of node_modules as the argument list for this Node; `npx` and shell scripts would pick a Node of their own. */
const tools = Object.freeze({
  'vue-tsc': 'node_modules/vue-tsc/bin/vue-tsc.js',
  eslint: 'node_modules/eslint/bin/eslint.js',
  vitest: 'node_modules/vitest/vitest.mjs',
  'electron-vite': 'node_modules/electron-vite/bin/electron-vite.js',
});
export type Tool = keyof typeof tools;

/** Where a tool's output goes: shown as it is, all of it on stderr, or nowhere. */
export type Output = 'shown' | 'stderr' | 'none';
const streams = Object.freeze({ shown: ['ignore', 'inherit', 'inherit'], stderr: ['ignore', 2, 2], none: ['ignore', 'ignore', 'ignore'] } as const);

export interface Ended {
  code: number;
  timedOut: boolean;
}

/**
 * Runs `command` in the project's folder without input; after `limitSeconds` it is killed.
 * @throws Error when the program cannot be started at all
 */
export function run(
  command: string,
  args: readonly string[],
  options: { limitSeconds: number; env?: Record<string, string>; output?: Output },
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: projectRoot,
      stdio: [...streams[options.output ?? 'shown']],
      env: { ...process.env, ...options.env },
    });
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), 5000).unref();
    }, options.limitSeconds * 1000);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? 1, timedOut });
    });
  });
}

/** Like `run`, for one of the project's own tools. */
export function runTool(
  tool: Tool,
  args: readonly string[],
  options: { limitSeconds: number; env?: Record<string, string>; output?: Output },
): Promise<Ended> {
  return run(process.execPath, [join(projectRoot, tools[tool]), ...args], options);
}
