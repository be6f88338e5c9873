// Runs `studio serve` as a person would and lets a test open its address.
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { root } from './rig.ts';

export class ServedStudio {
  readonly #child: ChildProcess;
  readonly url: string;
  readonly ended: Promise<number | null>;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
    this.ended = new Promise((resolve) => child.once('close', (code) => resolve(code)));
  }

  /** Starts a server over this library; rejects with what it wrote when it ends before it serves. */
  static start(libraryDir: string): Promise<ServedStudio> {
    const child = spawn(process.execPath, [join(root, 'main', 'cli', 'main.ts'), 'serve', '--json', '--library', libraryDir], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    return new Promise((resolve, reject) => {
      child.once('close', (code) => reject(new Error(`studio serve ended with ${code}:\n${err}`)));
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text;
        try {
          resolve(new ServedStudio(child, (JSON.parse(out) as { url: string }).url));
        } catch {
          // The document is not complete yet.
        }
      });
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Ctrl+C; resolves with the exit code. */
  stop(): Promise<number | null> {
    this.#child.kill('SIGINT');
    return this.ended;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
