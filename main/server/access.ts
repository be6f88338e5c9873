// Who may talk to the loopback server: pure predicates over a request's headers.
// A browser lets any web page send requests to this machine (and, by rebinding a name, under a foreign host name),
// so the address is no protection: every request must name this host, come from this window or from no page at all,
// and show the launch's token or the cookie it was exchanged for.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** The secrets of one launch. The cookie is not the token: what a browser stores opens nothing else. */
export interface Access {
  readonly token: string;
  readonly cookie: string;
  readonly cookieName: string;
  readonly port: number;
}

/** New secrets for one launch. Browsers share cookies between the ports of a host, so the name carries the port. */
export function newAccess(port: number): Access {
  const secret = () => randomBytes(32).toString('base64url');
  return { token: secret(), cookie: secret(), cookieName: `teefusion-${port}`, port };
}

/** Compares in constant time, whatever the lengths. */
export function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/** Does `Host` name this server? Guards against DNS rebinding, where a foreign name resolves to this machine. */
export function isOwnHost(host: string | undefined, port: number): boolean {
  return host === `127.0.0.1:${port}` || host === `localhost:${port}`;
}

/**
 * Does the request come from this server's own page, or from no page (a program, an address typed by a person)?
 * `Origin` is sent with every request that can change something; `Sec-Fetch-Site` covers pictures and scripts.
 */
export function isOwnPage(headers: IncomingHttpHeaders): boolean {
  if (headers.origin !== undefined && headers.origin !== `http://${headers.host}`) return false;
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return true;
  // A link in a mail or a chat may lead here: only the page itself then, whose cookie is not sent along.
  return headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
}

/** The credential a request shows: the bearer token of a program, or the cookie of a browser. */
export function isAuthorised(headers: IncomingHttpHeaders, access: Access): boolean {
  const bearer = /^Bearer ([\w-]+)$/.exec(headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return sameSecret(bearer, access.token);
  const cookie = cookieValue(headers.cookie, access.cookieName);
  return cookie !== undefined && sameSecret(cookie, access.cookie);
}

function cookieValue(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const [key, value] = pair.trim().split('=', 2);
    if (key === name) return value;
  }
  return undefined;
}

/** `Set-Cookie` for the exchange: unreadable to scripts, never sent from other sites, gone with the browser session. */
export function exchangeCookie(access: Access): string {
  return `${access.cookieName}=${access.cookie}; Path=/; HttpOnly; SameSite=Strict`;
}
