// Electron's `protocol`: schemes are registered before the app is ready, answered by one handler each.
import { app } from './app.ts';

type Handler = (request: Request) => Response | Promise<Response>;
interface Scheme {
  scheme: string;
  privileges?: { standard?: boolean; secure?: boolean };
}

const privileged = new Map<string, Scheme>();
const handlers = new Map<string, Handler>();

export const protocol = {
  registerSchemesAsPrivileged(schemes: Scheme[]): void {
    if (app.isReady()) throw new Error('protocol.registerSchemesAsPrivileged should be called before app is ready');
    for (const scheme of schemes) privileged.set(scheme.scheme, scheme);
  },
  handle(scheme: string, handler: Handler): void {
    if (handlers.has(scheme)) throw new Error(`Failed to register protocol: ${scheme}`);
    handlers.set(scheme, handler);
  },
};

/** The answer to a request of a page, or null when nobody handles its scheme. */
export async function answer(url: string, init: RequestInit): Promise<Response | null> {
  const scheme = new URL(url).protocol.slice(0, -1);
  const handler = handlers.get(scheme);
  if (handler === undefined) return null;
  const { standard, secure } = privileged.get(scheme)?.privileges ?? {};
  // The page gets an https address in its place (addresses.ts), which only a standard, secure scheme may be compared to.
  if (standard !== true || secure !== true) throw new Error(`The stand-in can only show standard, secure schemes; '${scheme}' is not one.`);
  return handler(new Request(url, init));
}
