// Sends files over HTTP: the built window's and stored pictures.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { contentTypeOf } from './window-files.ts';

/** `lasting`: the content under this address never changes, so a browser may keep it. */
export async function sendFile(response: ServerResponse, file: string, lasting: boolean): Promise<void> {
  const { size } = await stat(file);
  response.writeHead(200, {
    'Content-Type': contentTypeOf(file) ?? 'application/octet-stream',
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
