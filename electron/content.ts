// Answers requests to the studio's scheme: the window's files from one folder, and pictures by id, never by path.
// Knows Request and Response, not Electron, so that it is tested without a shell.
import { readFile } from 'node:fs/promises';
import { StudioError } from '../main/contract/errors.ts';
import { readEvaluationPictureAddress, type EvaluationPictureAddress } from '../main/contract/picture-address.ts';
import { Id } from '../main/contract/schemas.ts';
import { confinedFile, contentTypeOf } from '../main/server/window-files.ts';
import { evaluationHost, imageHost, scheme, windowHost, windowOrigin } from './addresses.ts';

export interface ContentOptions {
  /** Folder of the built window. */
  windowDir: string;
  /** Absolute path of a stored picture's PNG; throws StudioError('not-found'). */
  imagePath(id: string): string;
  /** Path of a picture that an evaluation drew, whether it is there or not; throws StudioError('not-found') without such an evaluation. */
  evaluationPicturePath(address: EvaluationPictureAddress): string;
}

/** Only our own files run or show anything; nothing is ever fetched from a network. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  `img-src 'self' ${scheme}: data: blob:`,
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "object-src 'none'",
].join('; ');

const safeHeaders = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' };

function refuse(status: number, reason: string): Response {
  return new Response(reason, { status, headers: { ...safeHeaders, 'content-type': 'text/plain; charset=utf-8' } });
}

function isMissing(thrown: unknown): boolean {
  const code = (thrown as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR' || code === 'ENAMETOOLONG';
}

async function send(file: string, headers: Record<string, string>): Promise<Response> {
  try {
    return new Response(new Uint8Array(await readFile(file)), { headers: { ...safeHeaders, ...headers } });
  } catch (thrown) {
    if (isMissing(thrown)) return refuse(404, 'Not found');
    throw thrown;
  }
}

/**
 * Handler for `protocol.handle`. Answers 405 for anything but GET and HEAD, 404 for what does not exist or lies
 * outside the folder, 500 (without a path in it) when the disk fails; it never throws.
 */
export function contentHandler({ windowDir, imagePath, evaluationPicturePath }: ContentOptions): (request: Request) => Promise<Response> {
  async function windowFile(urlPath: string): Promise<Response> {
    const file = await confinedFile(windowDir, urlPath === '' ? '/' : urlPath);
    if (file === null) return refuse(404, 'Not found');
    return send(file, { 'content-type': contentTypeOf(file)!, 'content-security-policy': contentSecurityPolicy, 'cross-origin-opener-policy': 'same-origin' });
  }

  function orNull(find: () => string): string | null {
    try {
      return find();
    } catch (thrown) {
      if (thrown instanceof StudioError && thrown.code === 'not-found') return null;
      throw thrown;
    }
  }

  function imageFile(urlPath: string): string | null {
    const id = Id.safeParse(urlPath.slice(1));
    return id.success ? orNull(() => imagePath(id.data)) : null;
  }

  function evaluationPictureFile(urlPath: string): string | null {
    const address = readEvaluationPictureAddress(urlPath.slice(1));
    return address === null ? null : orNull(() => evaluationPicturePath(address));
  }

  async function picture(file: string | null): Promise<Response> {
    if (file === null) return refuse(404, 'No such picture');
    // A picture never changes under its id. The window may read its pixels (difference view), nobody else.
    return send(file, {
      'content-type': 'image/png',
      'cache-control': 'private, max-age=31536000, immutable',
      'access-control-allow-origin': windowOrigin,
    });
  }

  return async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405, 'Only GET is answered here');
    const url = new URL(request.url);
    try {
      if (url.host === windowHost) return await windowFile(url.pathname);
      if (url.host === imageHost) return await picture(imageFile(url.pathname));
      if (url.host === evaluationHost) return await picture(evaluationPictureFile(url.pathname));
      return refuse(404, 'Not found');
    } catch (thrown) {
      console.error(`studio: could not answer ${request.url}:`, thrown);
      return refuse(500, 'The file could not be read');
    }
  };
}
