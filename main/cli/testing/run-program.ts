// Runs the command line as a user does, for tests: a real process of its own, from the entry that finds Node.
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

const program = join(import.meta.dirname, '..', 'studio.mjs');
const running = new Set<ChildProcess>();

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Started {
  child: ChildProcess;
  ended: Promise<Ended>;
  /** Resolves with all of the stream once `text` has appeared on it; rejects when the process ends without it. */
  said(stream: 'stdout' | 'stderr', text: string): Promise<string>;
}

export function start(...args: string[]): Started {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const seen = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].on('data', (data: Buffer) => {
      seen[stream] += data.toString();
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => {
      running.delete(child);
      resolve({ code, ...seen });
    });
  });
  const said = (stream: 'stdout' | 'stderr', text: string) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        if (!seen[stream].includes(text)) return;
        listeners.delete(look);
        resolve(seen[stream]);
      };
      listeners.add(look);
      look();
      void ended.then(({ code, stderr }) => reject(new Error(`ended with ${code} before it said "${text}": ${stderr}`)));
    });
  return { child, ended, said };
}

export const studio = (...args: string[]): Promise<Ended> => start(...args).ended;

/** A served studio, once it has said where it is. */
export async function served(...args: string[]): Promise<Started & { url: string; token: string; port: number }> {
  const started = start('serve', '--json', ...args);
  return { ...started, ...(JSON.parse(await started.said('stdout', '}\n')) as { url: string; token: string; port: number }) };
}

/** Ends what a failed test has left. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}
