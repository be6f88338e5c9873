import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StudioError } from '../main/contract/errors.ts';
import { contentHandler, contentSecurityPolicy } from './content.ts';

const png = Uint8Array.from([0x89, 0x50, 0x4e, 0x47]);
const secret = 'not for the window';
let dir: string;
let handle: (request: Request) => Promise<Response>;

const get = (url: string): Promise<Response> => handle(new Request(url));

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'studio-content-'));
  const windowDir = join(dir, 'window');
  await mkdir(join(windowDir, 'assets'), { recursive: true });
  await writeFile(join(windowDir, 'index.html'), '<title>studio</title>');
  await writeFile(join(windowDir, 'assets', 'a b.js'), 'export {};');
  await writeFile(join(windowDir, 'notes.txt'), secret);
  await writeFile(join(dir, 'secret.js'), secret);
  await writeFile(join(dir, 'picture.png'), png);
  await mkdir(join(dir, 'window-other'));
  await writeFile(join(dir, 'window-other', 'secret.js'), secret);
  await symlink(join(dir, 'secret.js'), join(windowDir, 'link.js'));
  await symlink(dir, join(windowDir, 'up'));
  handle = contentHandler({
    windowDir,
    imagePath: (id) => {
      if (id === 'known') return join(dir, 'picture.png');
      if (id === 'gone') return join(dir, 'nothing.png');
      throw new StudioError('not-found', 'There is no such picture.');
    },
    evaluationPicturePath: ({ evaluation, cell, index }) => {
      if (evaluation !== 'known') throw new StudioError('not-found', 'There is no such evaluation.');
      return join(dir, cell === 'drawn-g1.5' && index === 3 ? 'picture.png' : 'nothing.png');
    },
  });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('the window\'s files', () => {
  it('are served with their type and the content security policy', async () => {
    for (const url of ['studio://app/', 'studio://app/index.html']) {
      const answer = await get(url);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(answer.headers.get('content-security-policy')).toBe(contentSecurityPolicy);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(await answer.text()).toBe('<title>studio</title>');
    }
    const script = await get('studio://app/assets/a%20b.js');
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  });

  it('allow no inline script, no eval and no network', () => {
    expect(contentSecurityPolicy).not.toMatch(/unsafe|https?:|\*/);
    expect(contentSecurityPolicy).toContain("default-src 'none'");
  });

  it.each([
    'studio://app/../secret.js',
    'studio://app/%2e%2e/secret.js',
    'studio://app/..%2fsecret.js',
    'studio://app/..%5csecret.js',
    'studio://app/assets/..%2f..%2fwindow-other/secret.js',
    'studio://app/link.js',
    'studio://app/up/secret.js',
    'studio://app//secret.js',
    'studio://app/%00index.html',
    'studio://app/%E0%A4%A',
    'studio://app/notes.txt',
    'studio://app/assets',
    'studio://app/missing.js',
    `studio://app/${'x'.repeat(5000)}.js`,
    'studio://other/index.html',
  ])('%s is not found', async (url) => {
    const answer = await get(url);
    expect(answer.status).toBe(404);
    expect(await answer.text()).not.toContain(secret);
  });

  it('never leave their folder, whatever is asked for', async () => {
    const parts = fc.constantFrom('..', '.', '%2e%2e', '%2f', '%5c', 'up', 'link.js', 'secret.js', 'assets', '\\', '%00', 'window-other');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(parts, fc.string({ maxLength: 6 })), { maxLength: 8 }), async (path) => {
        let request: Request;
        try {
          request = new Request(`studio://app/${path.join('/')}`);
        } catch {
          return; // not a URL at all
        }
        const answer = await handle(request);
        expect([200, 404]).toContain(answer.status);
        expect(await answer.text()).not.toContain(secret);
      }),
      { numRuns: 300 },
    );
  });

  it('are read, never written', async () => {
    expect((await handle(new Request('studio://app/index.html', { method: 'POST', body: 'x' }))).status).toBe(405);
  });
});

describe('pictures', () => {
  it('are found by id', async () => {
    const answer = await get('studio://images/known');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('image/png');
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(png);
  });

  it.each(['studio://images/unknown', 'studio://images/gone', 'studio://images/', 'studio://images/..%2fpicture.png', 'studio://images/known/x'])(
    '%s is not found',
    async (url) => expect((await get(url)).status).toBe(404),
  );

  it('of an evaluation are served by evaluation, cell and index', async () => {
    const answer = await get('studio://evaluations/known/drawn-g1.5/3');
    expect(answer.headers.get('content-type')).toBe('image/png');
    for (const path of ['known/drawn-g1.5/4', 'known/other/3', 'unknown/drawn-g1.5/3', 'known/..%2f/3', 'known/drawn-g1.5', 'known/drawn-g1.5/03']) {
      expect((await get(`studio://evaluations/${path}`)).status).toBe(404);
    }
  });

  it('report a failing library as a plain 500', async () => {
    const failing = contentHandler({
      windowDir: dir,
      imagePath: () => {
        throw new Error('disk trouble at /home/someone');
      },
      evaluationPicturePath: () => '',
    });
    const answer = await failing(new Request('studio://images/known'));
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('someone');
  });
});
