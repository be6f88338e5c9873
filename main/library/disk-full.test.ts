import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ImageFiles } from './images/files.ts';
import { sha256, type Picture } from './images/png.ts';
import { ImageStore } from './images/store.ts';
import { openLibrary } from './library.ts';
import { libraryPaths } from './location.ts';
import { openDatabase } from './migrations/migrate.ts';
import { ImageRepository } from './repositories/images.ts';
import { PromptRepository } from './repositories/prompts.ts';
import { RunRepository } from './repositories/runs.ts';
import { codeOf, picture, sampleImage, sampleRun, temporaryDir } from './test-support.ts';

function mount(dir: string, bytes: number): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', dir]).status === 0;
}

function unmount(dir: string): void {
  execFileSync('umount', ['--lazy', dir]);
}

/** Why this machine can have no small disk; null where it can. */
function obstacle(): string | null {
  if (process.platform !== 'linux') return 'needs a Linux tmpfs';
  const dir = mkdtempSync(join(tmpdir(), 'teefusion-disk-'));
  const mounted = mount(dir, 65536);
  if (mounted) unmount(dir);
  rmSync(dir, { recursive: true });
  return mounted ? null : 'needs root that may mount a tmpfs';
}

/** A disk that vanishes with the test. */
function smallDisk(bytes: number): string {
  const dir = temporaryDir();
  if (!mount(dir, bytes)) throw new Error('the disk could not be mounted');
  onTestFinished(() => unmount(dir));
  return dir;
}

function noise(seed: number): Picture {
  // Incompressible, so that a picture takes the room that it seems to take.
  let state = seed + 1;
  const rgb = Uint8Array.from({ length: 128 * 128 * 3 }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24);
  return { width: 128, height: 128, rgb };
}

const why = obstacle();
const named = (title: string) => (why === null ? title : `${title} (skipped: ${why})`);

describe('a full disk', () => {
  it.skipIf(why !== null)(named('refuses a picture, keeps all before it, and goes on when there is room again'), async () => {
    const root = smallDisk(3 * 1024 * 1024);
    const dir = join(root, 'library');
    const ballast = join(root, 'ballast');
    writeFileSync(ballast, Buffer.alloc(512 * 1024));
    const library = await openLibrary(dir);
    const run = library.runs.create(sampleRun({ kind: 'generate', count: 1000 }));
    library.runs.setState(run.id, 'running');

    const stored: string[] = [];
    const code = await codeOf(async () => {
      for (let seed = 0; seed < 100; seed++) {
        stored.push((await library.storeImage({ ...sampleImage(run.id, { seed }), picture: noise(seed) })).sha256);
      }
    });
    expect(code).toBe('disk-full');
    expect(stored.length).toBeGreaterThan(0);
    const there = () => readdirSync(join(dir, 'images'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.png')).map((name) => name.slice(-68, -4)).toSorted();
    expect(there()).toEqual(stored.toSorted());
    expect(library.runs.get(run.id).images.map((image) => image.sha256)).toEqual(stored);

    rmSync(ballast);
    const next = await library.storeImage({ ...sampleImage(run.id, { seed: 1000 }), picture: noise(1000) });
    library.close();
    const again = await openLibrary(dir);
    expect(again.recovery).toMatchObject({ adopted: [], missing: [], unreadable: [], removedTemporaries: 0 });
    for (const image of again.runs.get(run.id).images) expect(sha256(again.readImage(image.id))).toBe(image.sha256);
    expect(again.runs.get(run.id).images.map((image) => image.sha256)).toEqual([...stored, next.sha256]);
    again.close();
  });

  it.skipIf(why !== null)(named('refuses to create a library and leaves no owner behind'), async () => {
    const root = smallDisk(256 * 1024);
    const { bavail, bsize } = statfsSync(root);
    writeFileSync(join(root, 'ballast'), Buffer.alloc(bavail * bsize - 64 * 1024));
    expect(await codeOf(() => openLibrary(join(root, 'library')))).toBe('disk-full');
    rmSync(join(root, 'ballast'));
    (await openLibrary(join(root, 'library'))).close();
  });

  it('that only SQLite notices leaves neither row nor file', async () => {
    const paths = libraryPaths(temporaryDir());
    mkdirSync(paths.temporary, { recursive: true });
    const database = openDatabase(paths.database);
    onTestFinished(() => database.close());
    const prompts = new PromptRepository(database);
    const images = new ImageRepository(database, prompts);
    const runs = new RunRepository(database, prompts, images);
    const files = new ImageFiles(paths);
    const store = new ImageStore(database, images, files);
    const run = runs.create(sampleRun());
    database.pragma(`max_page_count = ${Number(database.pragma('page_count')) + 2}`);

    const code = await codeOf(async () => {
      for (let seed = 0; seed < 200; seed++) {
        await store.store({ ...sampleImage(run.id, { seed, prompt: `${seed} `.repeat(300) }), picture: picture(seed) });
      }
    });
    expect(code).toBe('disk-full');
    expect(await codeOf(() => runs.create(sampleRun({ prompt: 'long '.repeat(390) })))).toBe('disk-full');
    expect(files.list().toSorted()).toEqual(runs.get(run.id).images.map((image) => image.sha256).toSorted());
    expect(database.pragma('quick_check')).toBe('ok');
  });
});
