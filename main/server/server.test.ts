import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { callNames } from '../contract/contract.ts';
import { StudioError, type Result } from '../contract/errors.ts';
import { bodyLimitBytes } from './body.ts';
import type { EvaluationPictureAddress } from '../contract/picture-address.ts';
import type { StudioHost } from './host.ts';
import { serveStudio, type StudioServer } from './server.ts';
import { securityHeaders } from './respond.ts';

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Records what reaches it, so that a refused request can be shown never to have arrived. */
class RecordingStudio implements StudioHost {
  readonly received: { name: string; input: unknown }[] = [];
  readonly listeners = new Map<string, (data: never) => void>();
  image: string | null = null;

  async call(name: string, input: unknown): Promise<Result<unknown>> {
    this.received.push({ name, input });
    return { ok: true, value: { name } };
  }

  on(name: string, listener: (data: never) => void) {
    this.listeners.set(name, listener);
    return () => void this.listeners.delete(name);
  }

  imagePath(id: string): string {
    if (this.image === null || id !== 'known') throw new StudioError('not-found', 'no such image');
    return this.image;
  }

  evaluationPicturePath({ evaluation, cell, index }: EvaluationPictureAddress): string {
    if (this.image === null || evaluation !== 'known') throw new StudioError('not-found', 'no such evaluation');
    return cell === 'drawn-g1.5' && index === 3 ? this.image : `${this.image}.missing`;
  }
}

const folder = mkdtempSync(join(tmpdir(), 'teefusion-server-'));
const windowDir = join(folder, 'window');
const studio = new RecordingStudio();
let server: StudioServer;

beforeAll(async () => {
  mkdirSync(join(windowDir, 'assets'), { recursive: true });
  writeFileSync(join(windowDir, 'index.html'), '<!doctype html><title>studio</title>');
  writeFileSync(join(windowDir, 'assets', 'app.js'), 'export {};');
  writeFileSync(join(windowDir, 'notes.bin'), 'not part of a window');
  writeFileSync(join(folder, 'secret.json'), '{"secret":true}');
  symlinkSync(join(folder, 'secret.json'), join(windowDir, 'assets', 'link.json'));
  writeFileSync(join(folder, 'picture.png'), 'png bytes');
  studio.image = join(folder, 'picture.png');
  server = await serveStudio(studio, { windowDir });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => {
  studio.received.length = 0;
});

function send(path: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port: server.port, path, method: options.method ?? 'GET', headers: options.headers ?? {} });
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString() }));
      response.on('error', reject);
    });
    request.end(options.body);
  });
}

const bearer = () => ({ authorization: `Bearer ${server.token}` });
const json = { 'content-type': 'application/json' };

async function cookie(): Promise<string> {
  const answer = await send(`/?token=${server.token}`);
  return answer.headers['set-cookie']![0]!.split(';', 1)[0]!;
}

describe('the exchange of the token', () => {
  it('gives a strict cookie that is not the token, and leads to the window without the token', async () => {
    const answer = await send(`/?token=${server.token}`);
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe('/');
    const set = answer.headers['set-cookie']![0]!;
    expect(set).toContain('HttpOnly');
    expect(set).toContain('SameSite=Strict');
    expect(set).not.toContain(server.token);
    const page = await send('/', { headers: { cookie: await cookie() } });
    expect(page.status).toBe(200);
    expect(page.body).toContain('<title>studio</title>');
  });

  it.each(['', 'wrong', 'x'.repeat(5000)])('refuses the token %j', async (token) => {
    const answer = await send(`/?token=${token}`);
    expect(answer.status).toBe(401);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('does not happen under a foreign host name, nor for a script of another page', async () => {
    expect((await send(`/?token=${server.token}`, { headers: { host: `evil.example:${server.port}` } })).status).toBe(421);
    expect((await send(`/?token=${server.token}`, { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' } })).status).toBe(403);
  });
});

describe('requests that are turned away', () => {
  const call = (headers: Record<string, string>) => send('/api/runs.list', { method: 'POST', headers: { ...json, ...headers }, body: '{}' });

  it('carry no token, a wrong one, or a wrong cookie', async () => {
    for (const headers of [{}, { authorization: 'Bearer nope' }, { authorization: 'Basic abc' }, { cookie: `teefusion-${server.port}=nope` }]) {
      expect((await call(headers)).status).toBe(401);
    }
    for (const path of ['/', '/assets/app.js', '/images/known', '/events']) expect((await send(path)).status).toBe(401);
    expect(studio.received).toEqual([]);
  });

  it('name another host, as a rebound DNS name does', async () => {
    for (const host of ['evil.example', `evil.example:${server.port}`, '127.0.0.1', `127.0.0.1:${server.port + 1}`, `127.0.0.1.evil.example:${server.port}`]) {
      expect((await call({ ...bearer(), host })).status).toBe(421);
    }
    expect(studio.received).toEqual([]);
  });

  it('come from another page, even with the cookie', async () => {
    const own = await cookie();
    for (const origin of ['http://evil.example', 'null', `http://127.0.0.1:${server.port + 1}`, `https://127.0.0.1:${server.port}`]) {
      expect((await call({ cookie: own, origin })).status).toBe(403);
    }
    expect((await call({ cookie: own, 'sec-fetch-site': 'same-site' })).status).toBe(403);
    expect((await send('/images/known', { headers: { cookie: own, 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'image' } })).status).toBe(403);
    expect(studio.received).toEqual([]);
  });

  it('are not HTTP at all', async () => {
    const reply = await new Promise<string>((resolve) => {
      const socket = connect(server.port, '127.0.0.1', () => socket.write('nonsense\r\n\r\n'));
      let text = '';
      socket.on('data', (data) => (text += data.toString()));
      socket.on('close', () => resolve(text));
    });
    expect(reply).toMatch(/^HTTP\/1\.1 400 /);
    expect((await send('/', { headers: bearer() })).status).toBe(200);
  });
});

describe('calls', () => {
  it.each(callNames)('%s reaches the studio with its input', async (name) => {
    const answer = await send(`/api/${name}`, { method: 'POST', headers: { ...json, ...bearer() }, body: '{"a":1}' });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toEqual({ ok: true, value: { name } });
    expect(studio.received).toEqual([{ name, input: { a: 1 } }]);
  });

  it('come from the own page with the cookie', async () => {
    const headers = { ...json, cookie: await cookie(), origin: `http://127.0.0.1:${server.port}`, 'sec-fetch-site': 'same-origin' };
    expect((await send('/api/app.status', { method: 'POST', headers, body: '{}' })).status).toBe(200);
  });

  it.each([
    ['broken JSON', '{"prompt":', json, 400],
    ['a form', 'a=1', { 'content-type': 'application/x-www-form-urlencoded' }, 400],
    ['plain text', '{}', { 'content-type': 'text/plain' }, 400],
    ['a huge body', 'x'.repeat(bodyLimitBytes + 1), json, 413],
  ])('with %s are refused with an error as data', async (_name, body, headers, status) => {
    const answer = await send('/api/runs.list', { method: 'POST', headers: { ...headers, ...bearer() }, body });
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ ok: false, error: { code: 'invalid-input' } });
    expect(studio.received).toEqual([]);
  });

  it('refuse a body without a length that never seems to end', async () => {
    const status = await new Promise<number>((resolve) => {
      const request = httpRequest({ host: '127.0.0.1', port: server.port, path: '/api/runs.list', method: 'POST', headers: { ...json, ...bearer() } });
      let ended = false;
      request.on('error', () => (ended = true));
      request.on('response', (response) => {
        ended = true;
        resolve(response.statusCode ?? 0);
        response.resume();
      });
      const more = () => {
        if (!ended) request.write(Buffer.alloc(64 * 1024, 32), () => setImmediate(more));
      };
      more();
    });
    expect(status).toBe(413);
  });

  it('with an unknown name or method are refused', async () => {
    for (const name of ['nope', 'constructor', '__proto__', 'runs.list/..', '']) {
      const answer = await send(`/api/${name}`, { method: 'POST', headers: { ...json, ...bearer() }, body: '{}' });
      expect(answer.status).toBe(404);
    }
    expect((await send('/api/runs.list', { headers: bearer() })).status).toBe(405);
    expect((await send('/', { method: 'DELETE', headers: bearer() })).status).toBe(405);
    expect(studio.received).toEqual([]);
  });
});

describe('files', () => {
  it('of the window are served with the security headers', async () => {
    const answer = await send('/assets/app.js', { headers: bearer() });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('text/javascript; charset=utf-8');
    for (const [name, value] of Object.entries(securityHeaders(server.port))) expect(answer.headers[name.toLowerCase()]).toBe(value);
    expect(answer.headers['content-security-policy']).not.toContain('unsafe');
  });

  it.each([
    '/../secret.json', '/%2e%2e/secret.json', '/assets/%2e%2e%2f%2e%2e%2fsecret.json', '/..%5csecret.json', '/assets/link.json',
    '/secret.json%00.js', '/%', '/assets', '/notes.bin', '//evil.example/x', 'http://evil.example/secret.json',
  ])('outside the window are out of reach: %s', async (path) => {
    const answer = await send(path, { headers: bearer() });
    expect([400, 404]).toContain(answer.status);
    expect(answer.body).not.toContain('secret":');
  });

  it('pictures are found by id and by nothing else', async () => {
    const answer = await send('/images/known', { headers: bearer() });
    expect(answer).toMatchObject({ status: 200, body: 'png bytes' });
    expect(answer.headers['content-type']).toBe('image/png');
    for (const id of ['unknown', '', '..%2fsecret.json', 'a/b', 'x'.repeat(500)]) {
      expect((await send(`/images/${id}`, { headers: bearer() })).status).toBe(404);
    }
  });

  it('pictures of an evaluation are found by evaluation, cell and index', async () => {
    const answer = await send('/evaluations/known/drawn-g1.5/3', { headers: bearer() });
    expect(answer).toMatchObject({ status: 200, body: 'png bytes' });
    expect((await send('/evaluations/known/drawn-g1.5/3')).status).toBe(401);
    for (const path of ['known/drawn-g1.5/4', 'known/other/3', 'unknown/drawn-g1.5/3', 'known/..%2f/3', 'known/drawn-g1.5', 'known/%/3', '']) {
      expect((await send(`/evaluations/${path}`, { headers: bearer() })).status).toBe(404);
    }
  });

  it('say so when the window is not built', async () => {
    const bare = await serveStudio(new RecordingStudio(), { windowDir: join(folder, 'missing') });
    try {
      const response = await fetch(`${bare.origin}/`, { headers: { authorization: `Bearer ${bare.token}` } });
      expect(response.status).toBe(503);
      expect(await response.text()).toContain('npm run build');
    } finally {
      await bare.close();
    }
  });
});

describe('events', () => {
  const open = (headers: Record<string, string>, path = '/events') =>
    new Promise<WebSocket | number>((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, { headers });
      socket.on('open', () => resolve(socket));
      socket.on('unexpected-response', (_request, response) => {
        resolve(response.statusCode ?? 0);
        socket.on('error', () => undefined);
        socket.terminate();
      });
    });

  it('reach a listener as {event, data}; what does not fit the contract is not sent', async () => {
    const socket = (await open(bearer())) as WebSocket;
    const warnings: string[] = [];
    const onWarning = (warning: Error) => warnings.push(warning.message);
    process.on('warning', onWarning);
    const message = new Promise<string>((resolve) => socket.on('message', (bytes: Buffer) => resolve(bytes.toString())));
    studio.listeners.get('run.deleted')!({ run: 42 } as never);
    studio.listeners.get('run.deleted')!({ run: 'r1' } as never);
    expect(JSON.parse(await message)).toEqual({ event: 'run.deleted', data: { run: 'r1' } });
    process.off('warning', onWarning);
    expect(warnings.join()).toContain('run.deleted');
    socket.terminate();
  });

  it('are refused to other hosts, other pages and the unknown', async () => {
    expect(await open({})).toBe(401);
    expect(await open({ ...bearer(), host: 'evil.example' })).toBe(421);
    expect(await open({ cookie: await cookie(), origin: 'http://evil.example' })).toBe(403);
    expect(await open(bearer(), '/other')).toBe(404);
  });

  it('go one way: a listener that talks is dropped, and the server lives on', async () => {
    const socket = (await open({ cookie: await cookie(), origin: `http://127.0.0.1:${server.port}` })) as WebSocket;
    const code = new Promise<number>((resolve) => socket.on('close', resolve));
    socket.send('hello');
    expect(await code).toBe(1008);
    expect((await send('/', { headers: bearer() })).status).toBe(200);
  });
});

it('tells that a port is taken', async () => {
  await expect(serveStudio(new RecordingStudio(), { port: server.port, windowDir: null })).rejects.toMatchObject({ code: 'busy' });
});

it('listens on the loopback address only and frees its port on closing', async () => {
  const other = await serveStudio(new RecordingStudio(), { windowDir: null });
  expect(other.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{40,}$/);
  await other.close();
  const again = await serveStudio(new RecordingStudio(), { windowDir: null, port: other.port });
  await again.close();
});
