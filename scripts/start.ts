// `npm start`: opens the studio in a desktop window, or serves the same studio to a browser where no window can be had.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { hasDisplay } from '../main/cli/display.ts';
import { electronBinary } from './electron-binary.ts';
import { projectRoot } from './tools.ts';
import { build, isStale } from './window-build.ts';

/** Runs a program in place of this one: terminal shared, signals passed on. Resolves with its exit code and how long it ran. */
function become(command: string, args: readonly string[]): Promise<{ code: number; seconds: number }> {
  const started = performance.now();
  // Set by some terminals; with it Electron would behave as plain Node.
  const { ELECTRON_RUN_AS_NODE: _, ...env } = process.env;
  const child = spawn(command, args, { cwd: projectRoot, stdio: 'inherit', env });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const pass = signals.map((signal) => [signal, () => child.kill(signal)] as const);
  for (const [signal, listener] of pass) process.on(signal, listener);
  return new Promise((resolve) => {
    const end = (code: number) => {
      for (const [signal, listener] of pass) process.off(signal, listener);
      resolve({ code, seconds: (performance.now() - started) / 1000 });
    };
    child.on('error', () => end(1));
    child.on('exit', (code) => end(code ?? 1));
  });
}

/** A window that fails at once never opened (missing libraries, no sandbox, an unreachable display). */
function neverOpened(ended: { code: number; seconds: number }): boolean {
  return ended.code !== 0 && ended.seconds < 5;
}

async function start(args: readonly string[]): Promise<number> {
  if (isStale()) {
    process.stdout.write('Building the window (the first time, and after changes) …\n');
    if (!(await build())) return 1;
  }
  const display = hasDisplay();
  const electron = display ? await electronBinary() : { reason: 'this machine has no display' };
  let reason = 'Electron ended at once';
  if ('path' in electron) {
    const ended = await become(electron.path, [projectRoot, ...args]);
    if (!neverOpened(ended)) return ended.code;
  } else {
    reason = electron.reason;
  }
  process.stdout.write(`No desktop window (${reason}): serving the studio to a browser instead.\n`);
  const serve = [join(projectRoot, 'main', 'cli', 'main.ts'), 'serve', ...(display ? ['--open'] : []), ...args];
  return (await become(process.execPath, serve)).code;
}

process.exitCode = await start(process.argv.slice(2));
