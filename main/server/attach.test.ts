import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StudioError, type Result } from '../contract/errors.ts';
import { RemoteStudio } from './attach.ts';
import type { StudioHost } from './host.ts';
import { serveStudio, type StudioServer } from './server.ts';

const settings = {
  theme: 'dark', locale: 'en', device: 'cpu', threads: 2, liveGuidance: true, fullOnRelease: true, smoothPictures: false,
};
const emit = new Map<string, (data: never) => void>();
const studio: StudioHost = {
  async call(name, input): Promise<Result<unknown>> {
    if (name === 'settings.set') return { ok: true, value: { ...settings, ...(input as object) } };
    if (name === 'runs.delete') return { ok: false, error: { code: 'not-found', message: 'There is no such run.', hint: 'Look at the history.' } };
    // A value that does not fit the contract.
    if (name === 'runs.get') return { ok: true, value: { id: 7 } };
    return new Promise(() => undefined);
  },
  on(name, listener) {
    emit.set(name, listener as (data: never) => void);
    return () => void emit.delete(name);
  },
  imagePath: () => {
    throw new StudioError('not-found', 'none');
  },
  evaluationPicturePath: () => {
    throw new StudioError('not-found', 'none');
  },
};
let server: StudioServer;
beforeAll(async () => {
  server = await serveStudio(studio, { windowDir: null });
});
afterAll(() => server.close());

describe('a studio in another process', () => {
  it('answers calls with values and errors as if it were here', async () => {
    const remote = await RemoteStudio.attach({ url: server.origin, token: server.token });
    expect(await remote.call('settings.set', { theme: 'light' })).toEqual({ ok: true, value: { ...settings, theme: 'light' } });
    expect(await remote.call('runs.delete', { run: 'r1' })).toEqual({
      ok: false, error: { code: 'not-found', message: 'There is no such run.', hint: 'Look at the history.' },
    });
    expect(await remote.call('runs.get', { run: 'r1' })).toMatchObject({ ok: false, error: { code: 'internal' } });
    remote.close();
    await remote.gone;
  });

  it('delivers events until they are no longer wanted', async () => {
    const remote = await RemoteStudio.attach({ url: server.origin, token: server.token });
    const seen: string[] = [];
    const done = new Promise<void>((resolve) => remote.on('run.deleted', ({ run }) => run === 'last' && resolve()));
    const stop = remote.on('run.deleted', ({ run }) => {
      seen.push(run);
      stop();
    });
    for (const run of ['first', 'second', 'last']) emit.get('run.deleted')!({ run } as never);
    await done;
    expect(seen).toEqual(['first']);
    remote.close();
  });

  it('says so when nobody answers or the token is refused', async () => {
    await expect(RemoteStudio.attach({ url: server.origin, token: 'wrong' })).rejects.toMatchObject({ code: 'library-locked' });
    const dead = await serveStudio(studio, { windowDir: null });
    await dead.close();
    await expect(RemoteStudio.attach({ url: dead.origin, token: dead.token })).rejects.toMatchObject({ code: 'library-locked' });
  });

  it('ends waiting calls with a clear error when the owner goes', async () => {
    const owner = await serveStudio(studio, { windowDir: null });
    const remote = await RemoteStudio.attach({ url: owner.origin, token: owner.token });
    const waiting = remote.call('app.doctor', {});
    const closing = owner.close();
    await remote.gone;
    expect(await waiting).toMatchObject({ ok: false, error: { code: 'engine-crashed', hint: expect.stringContaining('again') } });
    await closing;
    expect(await remote.call('app.status', {})).toMatchObject({ ok: false, error: { code: 'engine-crashed' } });
  });

  it('lets the owner wait until nobody listens', async () => {
    const remote = await RemoteStudio.attach({ url: server.origin, token: server.token });
    expect(server.listeners).toBeGreaterThan(0);
    let drained = false;
    const draining = server.drained().then(() => (drained = true));
    await remote.call('settings.set', {});
    expect(drained).toBe(false);
    remote.close();
    await draining;
    expect(server.listeners).toBe(0);
  });
});
