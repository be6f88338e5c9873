// Electron's `app`: one start, an orderly end, and the order of its events.
import { EventEmitter } from 'node:events';
import { join } from 'node:path';

/** An event whose default can be prevented, as Electron hands them out. */
export interface Preventable {
  preventDefault(): void;
  readonly defaultPrevented: boolean;
}

export function preventable<T extends object>(properties: T): T & Preventable {
  let prevented = false;
  return Object.defineProperties({ ...properties, preventDefault: () => void (prevented = true) }, { defaultPrevented: { get: () => prevented } }) as T & Preventable;
}

interface OpenWindow {
  close(): void;
  isDestroyed(): boolean;
}

class App extends EventEmitter {
  readonly isPackaged = false;
  name = 'Electron';
  #ready = false;
  #quitting = false;
  #paths = new Map<string, string>();
  #whenReady = Promise.withResolvers<void>();
  /** Filled by browser-window.ts, which would otherwise be an import circle. */
  windows: () => OpenWindow[] = () => [];
  sandboxEnabled = false;

  constructor() {
    super();
    const home = process.env['STUDIO_HARNESS_HOME'];
    if (home === undefined) throw new Error('The stand-in needs STUDIO_HARNESS_HOME, a folder of its own.');
    this.#paths.set('appData', join(home, 'config'));
    this.#paths.set('userData', join(home, 'config', this.name));
    // Electron reads the main script to its end, top-level awaits included, before it is ready.
    setTimeout(() => {
      this.#ready = true;
      this.emit('ready');
      this.#whenReady.resolve();
    }, 50);
  }

  isReady(): boolean {
    return this.#ready;
  }

  whenReady(): Promise<void> {
    return this.#whenReady.promise;
  }

  setName(name: string): void {
    this.name = name;
  }

  getVersion(): string {
    return '0.0.0-harness';
  }

  getLocale(): string {
    return 'en-US';
  }

  getPath(name: string): string {
    const path = this.#paths.get(name);
    if (path === undefined) throw new Error(`Failed to get '${name}' path`);
    return path;
  }

  setPath(name: string, path: string): void {
    if (this.#ready) throw new Error('Paths are set before the app is ready');
    this.#paths.set(name, path);
  }

  enableSandbox(): void {
    if (this.#ready) throw new Error('app.enableSandbox() can only be called before the app is ready');
    this.sandboxEnabled = true;
  }

  requestSingleInstanceLock(): boolean {
    return process.env['STUDIO_HARNESS_SECOND'] !== '1';
  }

  setAboutPanelOptions(options: { applicationName: string }): void {
    this.#about = options;
  }
  #about: { applicationName: string } | null = null;

  get about(): { applicationName: string } | null {
    return this.#about;
  }

  /** before-quit, then every window is asked; one that stays ends the quit. Then will-quit, then the process. */
  quit(): void {
    if (this.#quitting) return;
    const event = preventable({});
    this.emit('before-quit', event);
    if (event.defaultPrevented) return;
    this.#quitting = true;
    for (const window of this.windows()) window.close();
    this.#quitting = false;
    if (this.windows().length > 0) return;
    this.#willQuit();
  }

  /** For browser-window.ts: the last window is gone. */
  windowGone(): void {
    if (this.#quitting || this.windows().length > 0) return;
    if (this.listenerCount('window-all-closed') === 0) this.quit();
    else this.emit('window-all-closed');
  }

  #willQuit(): void {
    const event = preventable({});
    this.emit('will-quit', event);
    if (!event.defaultPrevented) this.exit(0);
  }

  exit(code = 0): void {
    this.emit('quit', {}, code);
    process.exit(code);
  }
}

export const app = new App();
