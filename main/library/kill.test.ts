import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import type { ImageRecord } from '../contract/schemas.ts';
import { openLibrary, openReadOnly } from './library.ts';
import { temporaryDir } from './test-support.ts';

const kills = 50;
const mostReports = 24;

interface Child {
  process: ChildProcess;
  reader: Interface;
  lines: string[];
  ready: Promise<unknown>;
  exited: Promise<unknown>;
}

function start(dir: string): Child {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./kill.child.ts', import.meta.url)), dir], { stdio: ['pipe', 'pipe', 'inherit'] });
  // The parent may speak to a child that is dead already.
  child.stdin!.on('error', () => {});
  const reader = createInterface(child.stdout!);
  const lines: string[] = [];
  reader.on('line', (line) => lines.push(line));
  return { process: child, reader, lines, ready: once(reader, 'line'), exited: once(child, 'close') };
}

/** A quarter of them while the library opens, the others after some reports: so many on a slow machine as on a fast one. */
async function randomMoment(child: Child): Promise<void> {
  const reports = Math.random() < 0.25 ? 0 : 1 + Math.floor(Math.random() * mostReports);
  while (child.lines.length < 1 + reports && child.process.exitCode === null) {
    await Promise.race([once(child.reader, 'line'), child.exited]);
  }
  await pause(Math.random() * (reports === 0 ? 80 : 8));
}

/** Read-only commands meet the library before any owner has put it right. */
function readAsItWasLeft(dir: string, images: readonly ImageRecord[]): void {
  if (images.length === 0) return;
  const reader = openReadOnly(dir);
  try {
    for (const image of images) {
      expect(reader.images.get(image.id)).toEqual(image);
      reader.readImage(image.id);
    }
  } finally {
    reader.close();
  }
}

it(`loses nothing that was reported, in ${kills} kills at random moments`, { timeout: 240_000 }, async () => {
  const dir = temporaryDir();
  const alive = new Set<ChildProcess>();
  const launch = () => {
    const child = start(dir);
    alive.add(child.process);
    return child;
  };
  onTestFinished(() => {
    for (const child of alive) child.kill('SIGKILL');
  });

  const images = new Map<string, ImageRecord>();
  const runs = new Set<string>();
  const done = new Set<string>();
  const leaving = new Set<string>();
  let next = launch();
  for (let kill = 0; kill < kills; kill++) {
    const child = next;
    await child.ready;
    // The next one loads its modules meanwhile.
    if (kill + 1 < kills) next = launch();
    child.process.stdin!.write('go\n');
    await randomMoment(child);
    child.process.kill('SIGKILL');
    expect(await child.exited, 'it lived until it was killed').toEqual([null, 'SIGKILL']);
    alive.delete(child.process);

    const fresh: ImageRecord[] = [];
    for (const line of child.lines) {
      const message = JSON.parse(line) as { run?: string; image?: ImageRecord; done?: string; leaving?: string };
      if (message.run) runs.add(message.run);
      if (message.image) fresh.push(message.image);
      if (message.done) done.add(message.done);
      if (message.leaving) leaving.add(message.leaving);
    }
    for (const image of fresh) images.set(image.id, image);
    // What was on its way to the trash may be there, in it, or gone for good.
    for (const id of leaving) {
      for (const image of images.values()) if (image.run === id) images.delete(image.id);
      runs.delete(id);
    }

    readAsItWasLeft(dir, fresh.filter((image) => images.has(image.id)));
    const library = await openLibrary(dir);
    try {
      expect(library.recovery).toMatchObject({ unreadable: [], missing: [] });
      expect(library.recovery.adopted, 'the journal knows every file').toEqual([]);
      for (const image of images.values()) expect(library.images.get(image.id)).toEqual(image);
      for (const id of runs) {
        expect(done.has(id) ? ['done'] : ['done', 'interrupted']).toContain(library.runs.get(id).state);
      }
    } finally {
      library.close();
    }
    expect(readdirSync(join(dir, 'images', 'tmp'))).toEqual([]);
    for (const name of readdirSync(join(dir, 'images'), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.png')) continue;
      expect(`${createHash('sha256').update(readFileSync(join(dir, 'images', name))).digest('hex')}.png`).toBe(name.slice(-68));
    }
  }
  // A machine that is too slow to store anything would prove nothing.
  expect(images.size).toBeGreaterThan(kills);
});
