// Which files the window is made of, and where they may lie. Paths come from a URL and are not trusted: the real path of
// what is sent lies inside the one folder it may come from. Used by the loopback server and by the desktop shell.
import { realpath, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';

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

/** MIME type of a file of the window; undefined for a type the window is not made of. */
export const contentTypeOf = (file: string): string | undefined => types[extname(file)];
