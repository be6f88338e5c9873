// Sends the studio's events to every connected WebSocket as `{event, data}`. Clients only listen: what they send is refused.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { eventNames, events, type EventName, type Unsubscribe } from '../contract/contract.ts';
import type { StudioHost } from './host.ts';

/** Previews that a slow listener can do without: a newer one follows. */
const skippable: ReadonlySet<EventName> = new Set<EventName>(['run.step', 'live.frame', 'evaluation.progress']);
const skipAboveBytes = 1024 * 1024;
const giveUpAboveBytes = 32 * 1024 * 1024;
const heartbeatMs = 30_000;

export class EventStream {
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: 1024, perMessageDeflate: false });
  readonly #unsubscribe: Unsubscribe[];
  readonly #heartbeat: NodeJS.Timeout;
  readonly #alive = new WeakSet<WebSocket>();

  constructor(studio: Pick<StudioHost, 'on'>) {
    this.#unsubscribe = eventNames.map((name) => studio.on(name, (data) => this.#broadcast(name, data)));
    this.#heartbeat = setInterval(() => this.#dropSilent(), heartbeatMs).unref();
  }

  get listeners(): number {
    return this.#sockets.clients.size;
  }

  /** Completes the upgrade of a request whose access has been checked. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#sockets.handleUpgrade(request, socket, head, (client) => {
      this.#alive.add(client);
      client.on('pong', () => this.#alive.add(client));
      client.on('error', () => client.terminate());
      client.on('message', () => client.close(1008, 'events go one way'));
    });
  }

  /** Resolves when nobody listens any more. */
  async drained(): Promise<void> {
    while (this.#sockets.clients.size > 0) {
      await Promise.all([...this.#sockets.clients].map((client) => new Promise((resolve) => client.once('close', resolve))));
    }
  }

  close(): void {
    clearInterval(this.#heartbeat);
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    for (const client of this.#sockets.clients) {
      client.close(1001, 'the studio was closed');
      // A client that does not answer the close would keep the process alive.
      setTimeout(() => client.terminate(), 500).unref();
    }
    this.#sockets.close();
  }

  #broadcast(name: EventName, data: unknown): void {
    if (this.#sockets.clients.size === 0) return;
    const checked = events[name].safeParse(data);
    if (!checked.success) {
      process.emitWarning(`The event ${name} does not fit the contract and was not sent: ${checked.error.message}`);
      return;
    }
    const message = JSON.stringify({ event: name, data: checked.data });
    for (const client of this.#sockets.clients) {
      if (client.readyState !== WebSocket.OPEN) continue;
      if (client.bufferedAmount > giveUpAboveBytes) client.terminate();
      else if (!(skippable.has(name) && client.bufferedAmount > skipAboveBytes)) client.send(message);
    }
  }

  /** A laptop that went to sleep leaves sockets that never close by themselves. */
  #dropSilent(): void {
    for (const client of this.#sockets.clients) {
      if (!this.#alive.delete(client)) client.terminate();
      else client.ping();
    }
  }
}
