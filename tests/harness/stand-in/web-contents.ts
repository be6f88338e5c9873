// Electron's `WebContents` over a page of the real Chromium: navigation events, request rules, the scheme's answers, IPC.
import { EventEmitter } from 'node:events';
import type { Browser, BrowserContext, Page, Route } from 'playwright-core';
import { chromium } from 'playwright-core';
import { toPage, toStudio } from './addresses.ts';
import { preventable } from './app.ts';
import { Bridge } from './bridge.ts';
import { nativeTheme } from './desktop.ts';
import { invoke, type Frame } from './ipc-main.ts';
import { journal } from './journal.ts';
import { answer } from './protocol.ts';
import { session } from './session.ts';

let browser: Promise<Browser> | null = null;

/** The Chromium that the test started, with its one context. */
async function theContext(): Promise<BrowserContext> {
  const address = process.env['STUDIO_HARNESS_CHROMIUM'];
  if (address === undefined) throw new Error('The stand-in needs STUDIO_HARNESS_CHROMIUM, the address of a Chromium.');
  browser ??= chromium.connectOverCDP(address);
  const [context] = (await browser).contexts();
  if (context === undefined) throw new Error('Chromium has no context.');
  return context;
}

type OpenHandler = (details: { url: string }) => { action: 'allow' | 'deny' };

export class WebContents extends EventEmitter {
  readonly #preload: string;
  readonly #size: { width: number; height: number };
  #page: Page | null = null;
  #bridge: Bridge | null = null;
  #destroyed = false;
  /** True while the host itself loads an address: that is no navigation of the page's. */
  #loading = false;
  #crashed = false;
  #openHandler: OpenHandler = () => ({ action: 'allow' });
  readonly opened: Promise<void>;

  constructor(preload: string, size: { width: number; height: number }) {
    super();
    this.#preload = preload;
    this.#size = { width: size.width, height: size.height };
    // After this turn: the window's maker first adds its listeners.
    this.opened = new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#open());
  }

  get mainFrame(): Frame {
    return { url: toStudio(this.#page?.url() ?? 'about:blank'), parent: null };
  }

  async #open(): Promise<void> {
    const context = await theContext();
    const page = await context.newPage();
    this.#page = page;
    await page.setViewportSize(this.#size);
    await session.defaultSession.applyPermissions(context, 'studio://app');
    this.#bridge = await Bridge.attach(page, this.#preload, (channel, args) => invoke(channel, { senderFrame: this.mainFrame, sender: this }, args));
    await page.route('**/*', (route) => this.#answer(page, route));
    // Whatever is no window of the shell has no business with a network.
    await context.route('**/*', (route) => route.abort());
    await this.#watchPopups(context, page);
    page.on('crash', () => {
      this.#crashed = true;
      this.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 1 });
    });
    const followTheme = () => void page.emulateMedia({ colorScheme: nativeTheme.shouldUseDarkColors ? 'dark' : 'light' }).catch(() => {});
    nativeTheme.on('updated', followTheme);
    followTheme();
  }

  async #watchPopups(context: BrowserContext, page: Page): Promise<void> {
    const cdp = await context.newCDPSession(page);
    await cdp.send('Page.enable');
    const asked: string[] = [];
    cdp.on('Page.windowOpen', ({ url }) => asked.push(url));
    context.on('page', async (popup) => {
      if ((await popup.opener()) !== page) return;
      const url = asked.shift() ?? popup.url();
      if (this.#openHandler({ url }).action === 'allow') return;
      journal.deniedWindows.push(url);
      await popup.close();
    });
  }

  async #answer(page: Page, route: Route): Promise<void> {
    const request = route.request();
    const url = toStudio(request.url());
    if (request.isNavigationRequest() && !this.#loading) {
      const isMainFrame = request.frame() === page.mainFrame();
      const event = preventable({ url, isMainFrame });
      this.emit('will-frame-navigate', event);
      if (isMainFrame) this.emit('will-navigate', event, url);
      if (event.defaultPrevented) {
        journal.blockedNavigations.push(url);
        return route.abort('aborted');
      }
    }
    if (!(await session.defaultSession.mayRequest(url, request.resourceType()))) return route.abort('blockedbyclient');
    const response = await answer(url, { method: request.method() });
    if (response === null) {
      journal.leakedRequests.push(url);
      return route.fulfill({ status: 200, contentType: 'text/plain', body: 'the network answered' });
    }
    const headers = Object.fromEntries([...response.headers].map(([name, value]) => [name, name === 'access-control-allow-origin' ? toPage(value) : value]));
    return route.fulfill({ status: response.status, headers, body: Buffer.from(await response.arrayBuffer()) });
  }

  async load(url: string): Promise<void> {
    await this.opened;
    await this.#whileLoading(async (page) => {
      try {
        await page.goto(toPage(url));
      } catch (thrown) {
        // Chromium then shows a page that says so, on its own time.
        await page.waitForURL('chrome-error://**', { timeout: 5000 }).catch(() => {});
        throw thrown;
      }
    });
  }

  reload(): void {
    void (this.#crashed ? this.#revive() : this.#whileLoading((page) => page.reload()));
  }

  /** A crashed page stays crashed for whoever debugs it, so another takes its place: Electron's new renderer process. */
  async #revive(): Promise<void> {
    const dead = this.#page;
    const url = this.mainFrame.url;
    this.#crashed = false;
    await this.#open();
    await dead?.close();
    await this.load(url);
  }

  async #whileLoading(load: (page: Page) => Promise<unknown>): Promise<void> {
    if (this.#page === null || this.#destroyed) return;
    this.#loading = true;
    try {
      await load(this.#page);
    } finally {
      this.#loading = false;
    }
  }

  setWindowOpenHandler(handler: OpenHandler): void {
    this.#openHandler = handler;
  }

  send(channel: string, ...args: unknown[]): void {
    if (this.#destroyed) throw new TypeError('Object has been destroyed');
    this.#bridge?.send(channel, args);
  }

  isDestroyed(): boolean {
    return this.#destroyed;
  }

  destroy(): void {
    this.#destroyed = true;
    void this.#page?.close().catch(() => {});
  }
}
