// Reads a request's JSON body within a limit. Knows nothing of what the JSON means.
import type { IncomingMessage } from 'node:http';
import { StudioError } from '../contract/errors.ts';

/** A call's input is a few strings and numbers; the longest is an evaluation's list of thousands of prompts. */
export const bodyLimitBytes = 16 * 1024 * 1024;

/**
 * The parsed body; an empty body is an empty object.
 * @throws StudioError `invalid-input`: not declared as JSON, over the limit, not JSON, or cut off
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  // A form of a foreign page can send plain text without asking, JSON it cannot.
  if (type !== 'application/json') throw new StudioError('invalid-input', 'The body of a call is application/json.');
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Left undestroyed when the limit is passed: the answer still has to go out on the same connection.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyLimitBytes) throw new BodyTooLarge();
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (text === '') return {};
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new StudioError('invalid-input', 'The body of the call is not valid JSON.', { cause: error });
  }
}

export class BodyTooLarge extends StudioError {
  constructor() {
    super('invalid-input', `The body of a call holds ${bodyLimitBytes} bytes at the most.`);
  }
}
