// Answers the requests of the loopback server: the token exchange, calls, pictures, the window's files.
// Knows HTTP and the contract's names; what a call does is the studio's.
import { existsSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { calls } from '../contract/contract.ts';
import { StudioError, toErrorData } from '../contract/errors.ts';
import { readEvaluationPictureAddress } from '../contract/picture-address.ts';
import { Id } from '../contract/schemas.ts';
import { exchangeCookie, isAuthorised, isOwnHost, isOwnPage, sameSecret, type Access } from './access.ts';
import { BodyTooLarge, readJson } from './body.ts';
import { sendFile } from './files.ts';
import { confinedFile } from './window-files.ts';
import type { StudioHost } from './host.ts';
import { sendError, sendResult, sendText, securityHeaders } from './respond.ts';

export interface Site {
  studio: StudioHost;
  access: Access;
  /** Folder of the built window; null when this server answers calls only. */
  windowDir: string | null;
}

/** Why a request is turned away, or null when it may go on. */
export function refusal(request: Pick<IncomingMessage, 'headers'>, access: Access): { status: number; text: string } | null {
  if (!isOwnHost(request.headers.host, access.port)) return { status: 421, text: 'This studio answers to its own address only.' };
  if (!isOwnPage(request.headers)) return { status: 403, text: 'Requests of other pages are refused.' };
  if (!isAuthorised(request.headers, access)) {
    return { status: 401, text: 'Open the address, with its token, that the studio printed when it started.' };
  }
  return null;
}

/** Answers one request; whatever goes wrong becomes a response. */
export async function answer(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  for (const [name, value] of Object.entries(securityHeaders(site.access.port))) response.setHeader(name, value);
  try {
    const url = urlOf(request, site.access.port);
    if (url === null) return sendText(response, 400, 'The address of this request cannot be read.');
    if (exchange(site, request, response, url)) return;
    const refused = refusal(request, site.access);
    if (refused !== null) return refuse(request, response, refused);
    await route(site, request, response, url);
  } catch (error) {
    if (response.headersSent) response.destroy();
    else sendError(response, 500, toErrorData(error));
  }
}

function urlOf(request: IncomingMessage, port: number): URL | null {
  const target = request.url ?? '';
  // Only the origin form: `GET http://elsewhere/` is for proxies.
  if (!target.startsWith('/') || target.startsWith('//')) return null;
  return URL.parse(target, `http://127.0.0.1:${port}`);
}

/** `GET /?token=…`: the token for a cookie, and on to the window without it in the address. True when answered. */
function exchange(site: Site, request: IncomingMessage, response: ServerResponse, url: URL): boolean {
  const token = url.searchParams.get('token');
  if (token === null || url.pathname !== '/' || request.method !== 'GET') return false;
  if (!isOwnHost(request.headers.host, site.access.port) || !isOwnPage(request.headers)) return false;
  if (!sameSecret(token, site.access.token)) {
    sendText(response, 401, 'This token is of another launch. Open the address that the studio printed last.');
    return true;
  }
  response.writeHead(303, { Location: '/', 'Set-Cookie': exchangeCookie(site.access), 'Cache-Control': 'no-store' });
  response.end();
  return true;
}

function refuse(request: IncomingMessage, response: ServerResponse, refused: { status: number; text: string }): void {
  // What was not read of the body must not be taken for the next request.
  response.setHeader('Connection', 'close');
  if (request.url?.startsWith('/api/') === true) sendError(response, refused.status, { code: 'permission', message: refused.text });
  else sendText(response, refused.status, refused.text);
}

async function route(site: Site, request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  const [, first, rest] = /^\/(api|images|evaluations)\/(.*)$/.exec(url.pathname) ?? [];
  if (first === 'api') return answerCall(site.studio, rest ?? '', request, response);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return sendText(response, 405, 'Only GET and HEAD here.');
  }
  if (first === 'images') return answerPicture(await imageFile(site.studio, rest ?? ''), response);
  if (first === 'evaluations') return answerPicture(await evaluationPictureFile(site.studio, rest ?? ''), response);
  if (url.pathname === '/events') {
    response.setHeader('Upgrade', 'websocket');
    return sendText(response, 426, 'Events are sent over a WebSocket.');
  }
  return answerFile(site.windowDir, url.pathname, response);
}

async function answerCall(studio: StudioHost, name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST') {
    response.setHeader('Allow', 'POST');
    return sendError(response, 405, { code: 'invalid-input', message: 'Calls are sent by POST.' });
  }
  if (!Object.hasOwn(calls, name)) {
    response.setHeader('Connection', 'close');
    return sendError(response, 404, { code: 'not-found', message: `The studio has no call named "${name.slice(0, 100)}".` });
  }
  let input: unknown;
  try {
    input = await readJson(request);
  } catch (error) {
    response.setHeader('Connection', 'close');
    const status = error instanceof BodyTooLarge ? 413 : 400;
    return sendError(response, status, toErrorData(error));
  }
  // A call that ends in an error is still an answered request: the error is in the result.
  return sendResult(response, 200, await studio.call(name, input));
}

async function answerPicture(file: string | null, response: ServerResponse): Promise<void> {
  if (file === null) return sendText(response, 404, 'There is no such picture.');
  return sendFile(response, file, true);
}

async function imageFile(studio: StudioHost, id: string): Promise<string | null> {
  return Id.safeParse(id).success ? orNull(() => studio.imagePath(id)) : null;
}

/** A picture that has not been drawn yet, or is gone, is no failure of the server. */
async function evaluationPictureFile(studio: StudioHost, given: string): Promise<string | null> {
  const address = readEvaluationPictureAddress(given);
  const file = address === null ? null : await orNull(() => studio.evaluationPicturePath(address));
  return file !== null && existsSync(file) ? file : null;
}

async function orNull(find: () => string | null | Promise<string | null>): Promise<string | null> {
  try {
    return await find();
  } catch (error) {
    if (error instanceof StudioError && error.code === 'not-found') return null;
    throw error;
  }
}

async function answerFile(windowDir: string | null, path: string, response: ServerResponse): Promise<void> {
  const file = windowDir === null ? null : await confinedFile(windowDir, path);
  if (file !== null) return sendFile(response, file, path.startsWith('/assets/'));
  if (path !== '/') return sendText(response, 404, 'Not found.');
  const text = windowDir === null ? 'This studio has its window elsewhere.' : 'The window is not built yet: run "npm run build", then reload.';
  return sendText(response, 503, text);
}
