// Electron's `BrowserWindow`: options checked as Electron would, place and visibility remembered, closing that can be refused.
import { EventEmitter } from 'node:events';
import { isAbsolute } from 'node:path';
import { app, preventable } from './app.ts';
import { WebContents } from './web-contents.ts';

interface Bounds {
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Options extends Partial<Bounds> {
  show?: boolean;
  title?: string;
  backgroundColor?: string;
  webPreferences?: { preload?: string; contextIsolation?: boolean; sandbox?: boolean; nodeIntegration?: boolean };
}

const windows = new Set<BrowserWindow>();

export class BrowserWindow extends EventEmitter {
  static getAllWindows(): BrowserWindow[] {
    return [...windows];
  }

  readonly options: Options;
  readonly webContents: WebContents;
  #bounds: Bounds;
  #maximized = false;
  #destroyed = false;
  visible: boolean;
  focused = false;
  backgroundColor: string | undefined;

  constructor(options: Options) {
    super();
    if (!app.isReady()) throw new Error('Cannot create BrowserWindow before app is ready');
    const preload = options.webPreferences?.preload;
    if (preload === undefined || !isAbsolute(preload)) throw new Error('preload script must have absolute path');
    // Without isolation the page could rewrite the preload's world; the stand-in can only show the isolated kind.
    if (options.webPreferences?.contextIsolation === false || options.webPreferences?.nodeIntegration === true) throw new Error('This page would not be isolated.');
    this.options = options;
    this.#bounds = { x: options.x ?? 0, y: options.y ?? 0, width: options.width ?? 800, height: options.height ?? 600 };
    this.visible = options.show !== false;
    this.backgroundColor = options.backgroundColor;
    this.webContents = new WebContents(preload, this.#bounds);
    windows.add(this);
    app.emit('web-contents-created', {}, this.webContents);
  }

  async loadURL(url: string): Promise<void> {
    await this.webContents.load(url);
    this.emit('ready-to-show');
  }

  show(): void {
    this.visible = true;
  }

  focus(): void {
    this.focused = true;
  }

  isMinimized(): boolean {
    return false;
  }

  restore(): void {}

  maximize(): void {
    this.#maximized = true;
  }

  isMaximized(): boolean {
    return this.#maximized;
  }

  getNormalBounds(): Bounds {
    return { ...this.#bounds };
  }

  setBounds(bounds: Bounds): void {
    this.#bounds = { ...bounds };
  }

  setBackgroundColor(color: string): void {
    this.backgroundColor = color;
  }

  isDestroyed(): boolean {
    return this.#destroyed;
  }

  close(): void {
    if (this.#destroyed) return;
    const event = preventable({});
    this.emit('close', event);
    if (!event.defaultPrevented) this.destroy();
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    windows.delete(this);
    this.webContents.destroy();
    this.emit('closed');
    app.windowGone();
  }
}

app.windows = BrowserWindow.getAllWindows;
