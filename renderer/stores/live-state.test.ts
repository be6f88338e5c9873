import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LiveRequest } from '../../main/contract/schemas.ts';
import { failed, framed, quiet, stop, ticketed, want, type Live, type LiveFrame, type Turn } from './live-state.ts';

const request = (guidance: number): LiveRequest => ({ prompt: 'a ball', negativePrompt: '', guidance, steps: 4, seed: 7, student: 's' });
const frame = (ticket: number, guidance = 1): LiveFrame => ({ ticket, guidance, steps: 4, ms: 90, nfe: 4, picture: { width: 1, height: 1, rgb: 'AAAA' } });

describe('live guidance', () => {
  it('sends the first wish at once and of the wishes behind it only the newest', () => {
    const first = want(quiet, request(1), 0);
    expect(first.send?.guidance).toBe(1);
    const waiting = want(want(ticketed(first.live, 1, 1).live, request(2), 2).live, request(3), 3);
    expect(waiting.send).toBeNull();
    expect(framed(waiting.live, frame(1), 4).send?.guidance).toBe(3);
  });

  it('accepts a frame that overtakes the answer to its own call', () => {
    const overtaken = framed(want(quiet, request(1), 0).live, frame(5), 1);
    expect(overtaken.live.frame?.ticket).toBe(5);
    expect(ticketed(overtaken.live, 5, 2).live.kind).toBe('quiet');
  });

  it('ignores frames once it was stopped', () => {
    expect(framed(stop(), frame(1), 0).live.frame).toBeNull();
  });

  it('asks again when an answer has been lost for long', () => {
    const asked = want(quiet, request(1), 0).live;
    expect(want(asked, request(2), 1000).send).toBeNull();
    expect(want(asked, request(2), 60_000).send?.guidance).toBe(2);
  });

  it('tells why a preview failed and accepts the next wish', () => {
    const broken = failed(want(quiet, request(1), 0).live, 1, { code: 'engine-crashed', message: 'gone' });
    expect(broken.live).toMatchObject({ kind: 'quiet', error: { code: 'engine-crashed' } });
    expect(want(broken.live, request(2), 1).send?.guidance).toBe(2);
  });

  it('takes a request that gave way to a newer one for no failure', () => {
    const cancelled = { code: 'cancelled', message: 'A newer preview was asked for.' } as const;
    const lost = ticketed(want(quiet, request(1), 0).live, 1, 1).live;
    const again = want(lost, request(2), 60_000).live;
    expect(failed(again, 1, cancelled).live).toBe(again);
    expect(failed(again, 1, { code: 'engine-crashed', message: 'gone' }).live).toBe(again);
    expect(failed(ticketed(again, 2, 60_001).live, 2, cancelled).live).toMatchObject({ kind: 'quiet', error: null });
  });

  it('has at most one request in flight and ends with the newest wish, however answers are timed', () => {
    const moves = fc.array(fc.constantFrom('want', 'ticket', 'frame'), { minLength: 1, maxLength: 60 });
    fc.assert(fc.property(moves, (order) => {
      let live: Live = quiet;
      let wished = 0;
      let ticket = 0;
      /** The host's side: what it was sent and has not finished telling. */
      let flight: { guidance: number; told: boolean; framed: boolean } | null = null;
      const act = (turn: Turn) => {
        live = turn.live;
        if (turn.send === null) return;
        expect(flight).toBeNull();
        ticket += 1;
        flight = { guidance: turn.send.guidance, told: false, framed: false };
      };
      const answer = (kind: 'ticket' | 'frame') => {
        if (flight === null || (kind === 'ticket' ? flight.told : flight.framed)) return;
        if (kind === 'ticket') flight.told = true;
        else flight.framed = true;
        const { guidance } = flight;
        if (flight.told && flight.framed) flight = null;
        act(kind === 'ticket' ? ticketed(live, ticket, 0) : framed(live, frame(ticket, guidance), 0));
      };
      for (const move of order) {
        if (move === 'want') act(want(live, request((wished += 1)), 0));
        else answer(move);
      }
      while (flight !== null) {
        answer('ticket');
        answer('frame');
      }
      if (wished > 0) expect(live.frame?.guidance).toBe(wished);
    }));
  });
});
