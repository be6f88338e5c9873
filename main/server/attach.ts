// The other end of the loopback server for a second process of the same user: the studio of whoever owns the library,
// with the same calls and events as if it were here. Knows the contract and HTTP, nothing of libraries or locks.
import { request as httpRequest } from 'node:http';
import { WebSocket } from 'ws';
import {
  calls, events, type CallInput, type CallName, type CallOutput, type EventData, type EventName, type StudioClient, type Unsubscribe,
} from '../contract/contract.ts';
import { ErrorData, StudioError, toErrorData, type Result } from '../contract/errors.ts';
import { evaluationPictureAddress } from '../contract/picture-address.ts';
import { z } from 'zod';

const handshakeMs = 5000;

const Answer = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), error: ErrorData }),
]);
const Message = z.object({ event: z.string(), data: z.unknown() });

/** How to reach an owner: its loopback origin and the token of its launch. */
export interface OwnerAddress {
  url: string;
  token: string;
}

type Listeners = { [E in EventName]?: Set<(data: EventData<E>) => void> };

function ownerGone(cause?: unknown): StudioError {
  return new StudioError('engine-crashed', 'The studio that has this library was closed while it worked.', {
    hint: 'Run the command again: the library is free now.',
    ...(cause !== undefined && { cause }),
  });
}

export class RemoteStudio implements StudioClient {
  readonly #owner: OwnerAddress;
  readonly #socket: WebSocket;
  readonly #listeners: Listeners = {};
  readonly #gone: Promise<void>;

  private constructor(owner: OwnerAddress, socket: WebSocket) {
    this.#owner = owner;
    this.#socket = socket;
    this.#gone = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('message', (bytes: Buffer) => this.#deliver(bytes.toString('utf8')));
    socket.on('error', () => socket.terminate());
  }

  /**
   * Connects to the owner, its events first, so that none of a later call is missed.
   * @throws StudioError `library-locked` when nobody answers there or the token is refused
   */
  static attach(owner: OwnerAddress): Promise<RemoteStudio> {
    const socket = new WebSocket(`${owner.url.replace(/^http/, 'ws')}/events`, {
      headers: { authorization: `Bearer ${owner.token}` },
      handshakeTimeout: handshakeMs,
    });
    return new Promise((resolve, reject) => {
      socket.once('open', () => {
        socket.removeAllListeners('error');
        resolve(new RemoteStudio(owner, socket));
      });
      socket.once('error', (error) => {
        reject(new StudioError('library-locked', `The studio that has this library does not answer at ${owner.url}.`, {
          hint: 'Close it, or wait until it has started, and try again.',
          cause: error,
        }));
      });
    });
  }

  /** Resolves when the owner has gone or `close` was called. */
  get gone(): Promise<void> {
    return this.#gone;
  }

  async call<N extends CallName>(name: N, input: CallInput<N>): Promise<Result<CallOutput<N>>> {
    try {
      const answer = Answer.parse(JSON.parse((await this.#send('POST', `/api/${name}`, JSON.stringify(input))).toString('utf8')));
      if (!answer.ok) return answer;
      return { ok: true, value: calls[name].output.parse(answer.value) as CallOutput<N> };
    } catch (error) {
      return { ok: false, error: toErrorData(error) };
    }
  }

  on<E extends EventName>(name: E, listener: (data: EventData<E>) => void): Unsubscribe {
    const set = (this.#listeners[name] ??= new Set() as never) as Set<(data: EventData<E>) => void>;
    set.add(listener);
    return () => void set.delete(listener);
  }

  imageUrl(image: string): string {
    return `${this.#owner.url}/images/${encodeURIComponent(image)}`;
  }

  evaluationPictureUrl(evaluation: string, cell: string, index: number): string {
    return `${this.#owner.url}/evaluations/${evaluationPictureAddress({ evaluation, cell, index })}`;
  }

  /** Ends the connection; the owner and its runs go on. */
  close(): void {
    this.#socket.close();
    setTimeout(() => this.#socket.terminate(), 500).unref();
  }

  #deliver(text: string): void {
    const message = Message.safeParse(parseJson(text));
    if (!message.success || !Object.hasOwn(events, message.data.event)) return;
    const name = message.data.event as EventName;
    const data = events[name].safeParse(message.data.data);
    if (!data.success) return;
    for (const listener of this.#listeners[name] ?? []) (listener as (data: unknown) => void)(data.data);
  }

  /** Node's fetch gives up on an answer after five minutes; a replay may take longer. */
  #send(method: string, path: string, body: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const request = httpRequest(`${this.#owner.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${this.#owner.token}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      });
      request.on('error', (error) => reject(ownerGone(error)));
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', (error) => reject(ownerGone(error)));
        response.on('end', () => resolve(Buffer.concat(chunks)));
      });
      request.end(body);
    });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
