// Live guidance: at most one preview is being rendered for this window, and the newest wish waits behind it.
// Pure transitions; each may name a request to send. Times are milliseconds of any one clock.
import type { EventData } from '../../main/contract/contract.ts';
import type { ErrorData } from '../../main/contract/errors.ts';
import type { LiveRequest } from '../../main/contract/schemas.ts';

export type LiveFrame = EventData<'live.frame'>;

export type Live =
  | { kind: 'quiet'; frame: LiveFrame | null; error: ErrorData | null }
  | {
      kind: 'rendering';
      frame: LiveFrame | null;
      /** Of the request in flight; null until its call is answered. */
      ticket: number | null;
      /** The last ticket that has been answered or given up; what is told of older ones comes too late. */
      newest: number;
      since: number;
      next: LiveRequest | null;
    };

export interface Turn {
  live: Live;
  /** To be sent as `live.request` now. */
  send: LiveRequest | null;
}

export const quiet: Live = { kind: 'quiet', frame: null, error: null };

/** An answer that has not come by then was lost with an engine or a connection. */
const patience = 8000;

export function want(live: Live, request: LiveRequest, now: number): Turn {
  const lost = live.kind === 'rendering' && now - live.since > patience;
  if (live.kind === 'rendering' && !lost) return { live: { ...live, next: request }, send: null };
  const over = live.kind === 'rendering' ? Math.max(live.newest, live.ticket ?? -1) : -1;
  return send(live.frame, over, request, now);
}

/** The host's answer to the call. The frame itself may have come first. */
export function ticketed(live: Live, ticket: number, now: number): Turn {
  if (live.kind !== 'rendering') return { live, send: null };
  return live.newest >= ticket ? settle(live, now) : { live: { ...live, ticket }, send: null };
}

export function framed(live: Live, frame: LiveFrame, now: number): Turn {
  if (live.kind === 'quiet') return { live, send: null }; // the person has moved on
  if (frame.ticket < live.newest) return { live, send: null };
  const seen: Live = { ...live, frame, newest: frame.ticket };
  return live.ticket !== null && frame.ticket >= live.ticket ? settle(seen, now) : { live: seen, send: null };
}

/** `ticket` null: the call itself was refused. A request that gave way to a newer one is no failure. */
export function failed(live: Live, ticket: number | null, error: ErrorData): Turn {
  const late = live.kind === 'quiet' || (ticket !== null && ticket <= live.newest);
  if (late || (error.code === 'cancelled' && ticket !== live.ticket)) return { live, send: null };
  return { live: { kind: 'quiet', frame: live.frame, error: error.code === 'cancelled' ? null : error }, send: null };
}

/** Nothing more is wanted; the frame leaves the panel. */
export function stop(): Live {
  return quiet;
}

function settle(live: Extract<Live, { kind: 'rendering' }>, now: number): Turn {
  return live.next === null
    ? { live: { kind: 'quiet', frame: live.frame, error: null }, send: null }
    : send(live.frame, live.newest, live.next, now);
}

function send(frame: LiveFrame | null, newest: number, request: LiveRequest, now: number): Turn {
  return { live: { kind: 'rendering', frame, ticket: null, newest, since: now, next: null }, send: request };
}
