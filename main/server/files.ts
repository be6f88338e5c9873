// Sends the built window's files and stored pictures. Paths come from a URL and are not trusted: the real path of what
// is sent lies inside the one folder it may come from.
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';

const types: Readonly<Record<string, string>> = Object.freeze({
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webmanifest': 'application/manifest+json',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
});

/**
 * The file below `root` that a URL's path means, links resolved; null when there is none, when it lies elsewhere,
 * or when it is of a type the window is not made of.
 */
export async function confinedFile(root: string, urlPath: string): Promise<string | null> {
  let decoded: string;
  try {
    decoded = decodeURIComponent(urlPath);
  } catch {
    return null;
  }
  if (decoded.includes('\0') || decoded.includes('\\')) return null;
  try {
    const realRoot = await realpath(root);
    const file = await realpath(join(realRoot, decoded === '/' ? 'index.html' : decoded));
    if (!file.startsWith(realRoot + sep) || types[extname(file)] === undefined) return null;
    return (await stat(file)).isFile() ? file : null;
  } catch {
    return null;
  }
}

/** `lasting`: the content under this address never changes, so a browser may keep it. */
export async function sendFile(response: ServerResponse, file: string, lasting: boolean): Promise<void> {
  const { size } = await stat(file);
  response.writeHead(200, {
    'Content-Type': types[extname(file)] ?? 'application/octet-stream',
    'Content-Length': size,
    'Cache-Control': lasting ? 'private, max-age=31536000, immutable' : 'no-cache',
  });
  if (response.req.method === 'HEAD') {
    response.end();
    return;
  }
  try {
    await pipeline(createReadStream(file), response);
  } catch {
    // The browser went away, or the disk failed midway: the length tells the browser that it has not got everything.
    response.destroy();
  }
}
