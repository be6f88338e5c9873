// The studio behind a loopback server: calls by POST, events by one WebSocket that is opened again when it breaks.
// The session cookie was set when the page was opened; this module never sees a token.
import type { CallName, EventData, EventName, Unsubscribe } from '../../main/contract/contract.ts';
import type { ErrorData, Result } from '../../main/contract/errors.ts';
import { evaluationPictureAddress } from '../../main/contract/picture-address.ts';
import type { Connection, WindowClient } from './client.ts';

type Listener = (data: never) => void;

const unreachable: ErrorData = {
  code: 'timeout',
  message: 'The studio does not answer.',
  hint: 'Is "studio serve" still running? This window goes on as soon as it is back.',
};

export function httpClient(location: Pick<Location, 'protocol' | 'host'>): WindowClient {
  const listeners = new Map<EventName, Set<Listener>>();
  const watchers = new Set<(connection: Connection) => void>();
  let connection: Connection = 'connecting';
  let attempts = 0;

  function report(next: Connection): void {
    if (next === connection) return;
    connection = next;
    for (const watcher of watchers) watcher(next);
  }

  function open(): void {
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/events`);
    socket.onopen = () => {
      attempts = 0;
      report('connected');
    };
    socket.onmessage = (message) => {
      const event = readEvent(message.data);
      if (event === null) return;
      for (const listener of listeners.get(event.event) ?? []) listener(event.data as never);
    };
    socket.onclose = () => {
      report('lost');
      setTimeout(open, reconnectDelay(attempts));
      attempts += 1;
    };
  }
  open();

  return {
    async call(name, input) {
      return post(name, input);
    },
    on(name, listener): Unsubscribe {
      const set = listeners.get(name) ?? new Set<Listener>();
      listeners.set(name, set);
      set.add(listener as Listener);
      return () => set.delete(listener as Listener);
    },
    imageUrl: (image) => `/images/${encodeURIComponent(image)}`,
    evaluationPictureUrl: (evaluation, cell, index) => `/evaluations/${evaluationPictureAddress({ evaluation, cell, index })}`,
    onConnection(listener): Unsubscribe {
      watchers.add(listener);
      listener(connection);
      return () => watchers.delete(listener);
    },
  };
}

/** Milliseconds before attempt number `attempts` (from 0): quick at first, never slower than every 5 s. */
export function reconnectDelay(attempts: number): number {
  return Math.min(250 * 2 ** attempts, 5000);
}

/** `{ event, data }` of one message, or null for anything else. */
export function readEvent(message: unknown): { event: EventName; data: EventData<EventName> } | null {
  if (typeof message !== 'string') return null;
  try {
    const parsed: unknown = JSON.parse(message);
    if (typeof parsed !== 'object' || parsed === null || !('event' in parsed) || !('data' in parsed)) return null;
    return parsed as { event: EventName; data: EventData<EventName> };
  } catch {
    return null;
  }
}

async function post<T>(name: CallName, input: unknown): Promise<Result<T>> {
  let response: Response;
  try {
    response = await fetch(`/api/${name}`, {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(input),
    });
  } catch {
    return { ok: false, error: unreachable };
  }
  return readResult<T>(response.status, await response.text());
}

/** Every answer of the host is a `Result`; anything else comes from elsewhere and is told with its HTTP status. */
export function readResult<T>(status: number, body: string): Result<T> {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && 'ok' in parsed) return parsed as Result<T>;
  } catch {
    // Reported below, with what was received.
  }
  const details = `HTTP ${status}\n${body.slice(0, 500)}`;
  if (status === 401 || status === 403) {
    return {
      ok: false,
      error: {
        code: 'permission',
        message: 'This browser is not signed in to the studio.',
        hint: 'Open the address that "studio serve" printed, with its token.',
        details,
      },
    };
  }
  return { ok: false, error: { code: 'internal', message: 'The studio sent an answer that is not one of its own.', details } };
}
