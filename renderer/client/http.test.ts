import { describe, expect, it } from 'vitest';
import { readEvent, readResult, reconnectDelay } from './http.ts';

describe('the loopback transport', () => {
  it('passes the host’s answers on, errors included', () => {
    expect(readResult(200, '{"ok":true,"value":0}')).toEqual({ ok: true, value: 0 });
    const refused = { ok: false, error: { code: 'busy', message: 'No more work now.' } };
    expect(readResult(503, JSON.stringify(refused))).toEqual(refused);
  });

  it('tells what else answered, with its status', () => {
    expect(readResult(401, 'nope')).toMatchObject({ ok: false, error: { code: 'permission' } });
    const stranger = readResult(502, '<html>Bad gateway</html>');
    expect(stranger).toMatchObject({ ok: false, error: { code: 'internal' } });
    expect(!stranger.ok && stranger.error.details).toContain('502');
  });

  it('ignores messages that are no events', () => {
    expect(readEvent('{"event":"run.deleted","data":{"run":"r"}}')).toEqual({ event: 'run.deleted', data: { run: 'r' } });
    for (const message of ['', '{', 'null', '{"event":"x"}', new ArrayBuffer(1)]) expect(readEvent(message)).toBeNull();
  });

  it('reconnects quickly at first and never slower than every five seconds', () => {
    expect([0, 1, 2, 20].map(reconnectDelay)).toEqual([250, 500, 1000, 5000]);
  });
});
