// Electron's `session`: permission handlers and request rules, applied to the real Chromium.
// Without a handler Electron allows everything; so does this.
import type { BrowserContext } from 'playwright-core';
import { toPage } from './addresses.ts';

type RequestHandler = (contents: unknown, permission: string, answer: (granted: boolean) => void, details: object) => void;
type CheckHandler = (contents: unknown, permission: string, origin: string, details: object) => boolean;
type RequestRule = (details: { url: string; resourceType: string }, answer: (response: { cancel?: boolean }) => void) => void;

/** Electron's names, and the names Chromium's pages know them by. */
const permissions: readonly [electron: string, page: string][] = [
  ['geolocation', 'geolocation'],
  ['notifications', 'notifications'],
  ['media', 'camera'],
  ['media', 'microphone'],
  ['midi', 'midi'],
  ['clipboard-read', 'clipboard-read'],
  ['clipboard-sanitized-write', 'clipboard-write'],
  ['persistent-storage', 'persistent-storage'],
  ['background-sync', 'background-sync'],
];

class Session {
  #request: RequestHandler | null = null;
  #check: CheckHandler | null = null;
  #rule: RequestRule | null = null;
  device: ((details: object) => boolean) | null = null;
  spellChecker = true;

  setPermissionRequestHandler(handler: RequestHandler | null): void {
    this.#request = handler;
  }

  setPermissionCheckHandler(handler: CheckHandler | null): void {
    this.#check = handler;
  }

  setDevicePermissionHandler(handler: ((details: object) => boolean) | null): void {
    this.device = handler;
  }

  setSpellCheckerEnabled(enabled: boolean): void {
    this.spellChecker = enabled;
  }

  readonly webRequest = {
    onBeforeRequest: (rule: RequestRule | null): void => {
      this.#rule = rule;
    },
  };

  async mayRequest(url: string, resourceType: string): Promise<boolean> {
    const rule = this.#rule;
    if (rule === null) return true;
    const { cancel } = await new Promise<{ cancel?: boolean }>((resolve) => rule({ url, resourceType }, resolve));
    return cancel !== true;
  }

  async #allows(permission: string, origin: string): Promise<boolean> {
    const request = this.#request;
    const asked = request === null || (await new Promise<boolean>((resolve) => request({}, permission, resolve, { requestingUrl: origin })));
    return asked && (this.#check === null || this.#check({}, permission, origin, {}));
  }

  /** Asks the shell's handlers about every permission and tells Chromium what they said. */
  async applyPermissions(context: BrowserContext, origin: string): Promise<void> {
    const page = context.pages()[0];
    if (page === undefined) throw new Error('A context without a page');
    // Chromium forgets the settings when this session ends, so it stays open.
    const cdp = await context.newCDPSession(page);
    for (const [electron, name] of permissions) {
      const setting = (await this.#allows(electron, origin)) ? 'granted' : 'denied';
      await cdp.send('Browser.setPermission', { permission: { name }, setting, origin: toPage(origin) });
    }
  }
}

export const session = { defaultSession: new Session() };
