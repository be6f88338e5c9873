// Starts the built shell over the stand-in, and a Chromium for it, and lets a test drive both.
import { fork, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import type { Journal } from './stand-in/journal.ts';
import type { Commands } from './stand-in/control.ts';

const root = join(import.meta.dirname, '..', '..');

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

export interface ChromiumForShell {
  address: string;
  context: BrowserContext;
  close(): Promise<void>;
}

/** A Chromium that both the test and the stand-in reach. `profile`: an empty folder. */
export async function startChromium(executablePath: string, profile: string): Promise<ChromiumForShell> {
  const port = await freePort();
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: [`--remote-debugging-port=${port}`, '--no-sandbox', '--disable-dev-shm-usage'],
  });
  return { address: `http://127.0.0.1:${port}`, context, close: () => context.close() };
}

export interface ShellState {
  journal: Journal;
  channels: string[];
  theme: string;
  appName: string;
  userData: string;
  sandboxEnabled: boolean;
  spellChecker: boolean;
  windows: { bounds: { x: number; y: number; width: number; height: number }; visible: boolean; focused: boolean; backgroundColor?: string; webPreferences: Record<string, unknown> }[];
}

export class Shell {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  #next = 1;
  #stderr = '';
  /** Exit code, once the process has ended. */
  readonly ended: Promise<number | null>;

  /** `home` stands for the person's folders and outlives a restart. */
  constructor(chromiumAddress: string, home: string, env: Record<string, string> = {}) {
    this.#child = fork(join(root, 'out', 'main', 'index.js'), [], {
      execArgv: ['--import', join(import.meta.dirname, 'register.ts')],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, STUDIO_HARNESS_CHROMIUM: chromiumAddress, STUDIO_HARNESS_HOME: home, TEEFUSION_LIBRARY: join(home, 'library'), ...env },
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    this.#child.on('message', (message: { id: number; value?: never; error?: string }) => {
      const { resolve, reject } = this.#waiting.get(message.id)!;
      this.#waiting.delete(message.id);
      if (message.error === undefined) resolve(message.value as never);
      else reject(new Error(message.error));
    });
    this.ended = new Promise((resolve) =>
      this.#child.once('close', (code) => {
        for (const { reject } of this.#waiting.values()) reject(new Error(`The shell ended with ${code}:\n${this.#stderr}`));
        resolve(code);
      }),
    );
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** What it wrote to stderr so far. */
  get stderr(): string {
    return this.#stderr;
  }

  ask<C extends keyof Commands>(command: C, ...[argument]: Parameters<Commands[C]>): Promise<void> {
    return this.#ask(command, argument);
  }

  state(): Promise<ShellState> {
    return this.#ask('state', undefined);
  }

  #ask<T>(command: keyof Commands, argument: unknown): Promise<T> {
    const id = this.#next++;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, command, argument }, (error) => {
        if (error !== null) reject(new Error(`${error.message}\n${this.#stderr}`));
      });
    });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Starts a shell and waits for its window's page. */
export async function openShell(browser: ChromiumForShell, home: string, env: Record<string, string> = {}): Promise<{ shell: Shell; page: Page }> {
  const opened = browser.context.waitForEvent('page', { timeout: 60_000 });
  const shell = new Shell(browser.address, home, env);
  const page = await Promise.race([
    opened,
    shell.ended.then((code): never => {
      throw new Error(`The shell ended with ${code} before it showed a window:\n${shell.stderr}`);
    }),
  ]);
  await page.waitForURL('**/index.html', { waitUntil: 'load' });
  return { shell, page };
}
