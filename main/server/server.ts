// Offers a studio on this machine's loopback address: to a browser as the window, to other processes of the user as calls.
// Knows nothing of what is drawn or computed.
import { createServer, STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { StudioError } from '../contract/errors.ts';
import { newAccess } from './access.ts';
import { EventStream } from './event-stream.ts';
import type { StudioHost } from './host.ts';
import { answer, refusal, type Site } from './routes.ts';

export interface StudioServer {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** The address a person opens: the origin with the launch's token. */
  readonly url: string;
  readonly token: string;
  readonly port: number;
  /** How many windows and attached processes listen for events. */
  readonly listeners: number;
  /** Resolves when nobody listens any more. */
  drained(): Promise<void>;
  /** Ends every connection and resolves when the port is free. */
  close(): Promise<void>;
}

/**
 * Starts serving `studio` on 127.0.0.1.
 * @param options.port 0 takes any free port
 * @param options.windowDir folder of the built window, null for calls and pictures only
 * @throws StudioError `busy` (the port is taken), `permission` (the system forbids it)
 */
export async function serveStudio(
  studio: StudioHost,
  options: { port?: number; windowDir: string | null },
): Promise<StudioServer> {
  const server = createServer();
  const port = await listen(server, options.port ?? 0);
  const site: Site = { studio, access: newAccess(port), windowDir: options.windowDir };
  const events = new EventStream(studio);
  server.on('request', (request, response) => void answer(site, request, response));
  server.on('upgrade', (request, socket, head) => upgrade(site, events, request, socket, head));
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  });

  const origin = `http://127.0.0.1:${port}`;
  return {
    origin,
    url: `${origin}/?token=${site.access.token}`,
    token: site.access.token,
    port,
    get listeners() {
      return events.listeners;
    },
    drained: () => events.drained(),
    close: () => {
      events.close();
      return closeServer(server);
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const options = { cause: error, hint: 'Choose another port, or leave it out to take any free one.' };
      if (error.code === 'EADDRINUSE') reject(new StudioError('busy', `Port ${port} is in use by another program.`, options));
      else reject(new StudioError('permission', `Port ${port} cannot be opened: ${error.message}.`, options));
    });
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => resolve((server.address() as AddressInfo).port));
  });
}

function upgrade(site: Site, events: EventStream, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  socket.on('error', () => socket.destroy());
  const refused = refusal(request, site.access);
  const status = refused?.status ?? (request.url === '/events' ? null : 404);
  if (status === null) events.accept(request, socket, head);
  else socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    // Requests under way get a moment to end.
    setTimeout(() => server.closeAllConnections(), 1000).unref();
  });
}
