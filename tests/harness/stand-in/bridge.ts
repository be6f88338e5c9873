// Ties one Chromium page to the host: runs the built preload in an isolated world, carries its calls in and events out.
// Knows Chromium's debugging protocol, not what a window is.
import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { CDPSession, Page } from 'playwright-core';

const world = 'Electron Isolated Context';
const pageScript = (name: string): string => readFileSync(join(import.meta.dirname, '..', 'page', name), 'utf8');

export class Bridge {
  readonly #cdp: CDPSession;
  #context: number | null = null;

  private constructor(cdp: CDPSession) {
    this.#cdp = cdp;
  }

  /** `onInvoke` answers what the preload asks; its rejection becomes the preload's. */
  static async attach(page: Page, preload: string, onInvoke: (channel: string, args: unknown[]) => Promise<unknown>): Promise<Bridge> {
    const cdp = await page.context().newCDPSession(page);
    const bridge = new Bridge(cdp);
    const channel = randomUUID();
    const isolated = pageScript('isolated-world.js')
      .replace('__CHANNEL__', channel)
      .replace('/* PRELOAD */', () => readFileSync(preload, 'utf8'));

    cdp.on('Runtime.executionContextCreated', ({ context }) => {
      if (context.name === world) bridge.#context = context.id;
    });
    cdp.on('Runtime.executionContextDestroyed', ({ executionContextId }) => {
      if (bridge.#context === executionContextId) bridge.#context = null;
    });
    cdp.on('Runtime.bindingCalled', ({ payload, executionContextId }) => {
      const { call, channel: name, args } = JSON.parse(payload) as { call: number; channel: string; args: unknown[] };
      onInvoke(name, args).then(
        (value) => bridge.#tell(executionContextId, { kind: 'answer', call, value }),
        (thrown: unknown) => bridge.#tell(executionContextId, { kind: 'answer', call, error: thrown instanceof Error ? thrown.message : String(thrown) }),
      );
    });
    await cdp.send('Runtime.enable');
    await cdp.send('Page.enable');
    await cdp.send('Runtime.addBinding', { name: '__toHost', executionContextName: world });
    await cdp.send('Page.addScriptToEvaluateOnNewDocument', { source: pageScript('main-world.js').replace('__CHANNEL__', channel) });
    await cdp.send('Page.addScriptToEvaluateOnNewDocument', { source: isolated, worldName: world });
    return bridge;
  }

  /** An event for the preload's listeners; lost while no page is loaded, as in Electron. */
  send(channel: string, args: unknown[]): void {
    if (this.#context !== null) this.#tell(this.#context, { kind: 'event', channel, args: structuredClone(args) });
  }

  #tell(contextId: number, message: object): void {
    // JSON is a subset of JavaScript; a page that has gone meanwhile needs no answer.
    this.#cdp.send('Runtime.evaluate', { contextId, expression: `__fromHost(${JSON.stringify(message)})` }).catch(() => {});
  }
}
