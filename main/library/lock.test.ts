import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openLibrary, openReadOnly } from './library.ts';
import { libraryPaths } from './location.ts';
import { acquireOwnership, findOwner, Ownership } from './lock.ts';
import { codeOf, temporaryDir } from './test-support.ts';

function take(dir: string): Ownership {
  const attempt = acquireOwnership(dir);
  if (!(attempt instanceof Ownership)) throw new Error('the library is taken');
  onTestFinished(() => attempt.release());
  return attempt;
}

async function startOther(dir: string): Promise<{ child: ChildProcess; said: unknown }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./lock.child.ts', import.meta.url)), dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const [line] = await once(createInterface(child.stdout!), 'line');
  return { child, said: JSON.parse(line) };
}

const address = { url: 'http://127.0.0.1:4711', token: 'secret' };

describe('ownership within one process', () => {
  it('is refused to a second taker, who learns of the first, and is free after a release', () => {
    const dir = temporaryDir();
    const first = take(dir);
    expect(acquireOwnership(dir)).toEqual({ owner: null });
    const info = first.publish(address);
    expect(info.pid).toBe(process.pid);
    expect(acquireOwnership(dir)).toEqual({ owner: info });
    expect(findOwner(dir)).toEqual(info);
    first.release();
    expect(existsSync(libraryPaths(dir).owner)).toBe(false);
    expect(findOwner(dir)).toBeNull();
    take(dir);
  });

  it.skipIf(process.platform === 'win32')('publishes its token to this user only', () => {
    const dir = temporaryDir();
    take(dir).publish(address);
    expect(statSync(libraryPaths(dir).owner).mode & 0o777).toBe(0o600);
  });

  it('goes by the lock and not by what a dead owner, or anybody, left in the file', () => {
    const dir = temporaryDir();
    const { owner } = libraryPaths(dir);
    const alive = { ...address, pid: process.pid, startedAt: new Date().toISOString() };
    writeFileSync(owner, JSON.stringify(alive));
    expect(findOwner(dir)).toBeNull();
    writeFileSync(owner, JSON.stringify(alive));
    take(dir);
    expect(acquireOwnership(dir)).toEqual({ owner: null });
    for (const rubbish of ['', '{', 'null', '{"pid":1}', JSON.stringify({ ...alive, url: 'nowhere' })]) {
      writeFileSync(owner, rubbish);
      expect(acquireOwnership(dir)).toEqual({ owner: null });
    }
  });

  it('looks without creating anything', () => {
    const dir = `${temporaryDir()}/none`;
    expect(findOwner(dir)).toBeNull();
    expect(existsSync(dir)).toBe(false);
  });
});

describe('two processes on one library', () => {
  it('gives the second the address of the first, lets it read, and hands over when the first is killed', async () => {
    const dir = temporaryDir();
    (await openLibrary(dir)).close();
    const { child, said } = await startOther(dir);
    expect(said).toMatchObject({ ...address, pid: child.pid });

    expect(acquireOwnership(dir)).toEqual({ owner: said });
    expect(await codeOf(() => openLibrary(dir))).toBe('library-locked');
    const reader = openReadOnly(dir);
    expect(reader.runs.list()).toEqual({ runs: [], total: 0 });
    reader.close();

    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(JSON.parse(readFileSync(libraryPaths(dir).owner, 'utf8'))).toEqual(said);
    expect(findOwner(dir)).toBeNull();
    const library = await openLibrary(dir);
    expect((await startOther(dir)).said).toEqual({ owner: null });
    library.close();
  });
});
