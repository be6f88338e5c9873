import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { openLibrary, openReadOnly, type Library } from '../library.ts';
import { codeOf, openForTest, picture, sampleImage, sampleRun, temporaryDir } from '../test-support.ts';
import { encodePng, sha256 } from './png.ts';

/** Changes a closed library as only a killed process or another program would. */
function alter(dir: string, sql: string): void {
  const connection = new Sqlite(join(dir, 'library.sqlite'));
  connection.exec(sql);
  connection.close();
}

function pngs(dir: string): string[] {
  return readdirSync(join(dir, 'images'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.png'));
}

async function withImage(dir: string, changes: Parameters<typeof sampleImage>[1] = {}) {
  const library = await openForTest(dir);
  const run = library.runs.create(sampleRun());
  library.runs.setState(run.id, 'running');
  const image = await library.storeImage({ ...sampleImage(run.id, changes), picture: picture(1) });
  return { library, run, image };
}

describe('storing a picture', () => {
  it('puts file and row where they can be found, also by a reader', async () => {
    const dir = temporaryDir();
    const { library, image } = await withImage(dir);
    const path = library.imagePath(image.id);
    expect(path).toBe(join(dir, 'images', image.sha256.slice(0, 2), `${image.sha256}.png`));
    expect(sha256(readFileSync(path))).toBe(image.sha256);
    expect(image.pixelSha256).toBe(sha256(picture(1).rgb));
    const decoded = await library.readPicture(image.id);
    expect(Buffer.compare(decoded.rgb, picture(1).rgb)).toBe(0);
    const reader = openReadOnly(dir);
    expect(reader.runs.list().runs[0]?.images).toEqual([image]);
    expect(reader.readImage(image.id).equals(readFileSync(path))).toBe(true);
    reader.close();
    expect(readdirSync(join(dir, 'images', 'tmp'))).toEqual([]);
  });

  it('gives the same file for the same picture made twice, and another for other settings', async () => {
    const dir = temporaryDir();
    const { library, run, image } = await withImage(dir);
    const twin = await library.storeImage({ ...sampleImage(run.id, { ms: 1, role: 'single' }), picture: picture(1) });
    const other = await library.storeImage({ ...sampleImage(run.id, { seed: 8 }), picture: picture(1) });
    expect(twin.sha256).toBe(image.sha256);
    expect(twin.id).not.toBe(image.id);
    expect(other.sha256).not.toBe(image.sha256);
    expect(other.pixelSha256).toBe(image.pixelSha256);
    expect(library.images.withPixels(image.pixelSha256).map(({ id }) => id)).toEqual([image.id, twin.id, other.id]);
    expect(pngs(dir)).toHaveLength(2);
  });

  it('refuses what is not right, leaving neither file nor row', async () => {
    const dir = temporaryDir();
    const library = await openForTest(dir);
    const run = library.runs.create(sampleRun());
    const good = { ...sampleImage(run.id), picture: picture(1) };
    expect(await codeOf(() => library.storeImage({ ...good, run: 'none' }))).toBe('not-found');
    expect(await codeOf(() => library.storeImage({ ...good, nfe: 0.5 }))).toBe('invalid-input');
    expect(await codeOf(() => library.storeImage({ ...good, model: '../up' }))).toBe('invalid-input');
    expect(await codeOf(() => library.storeImage({ ...good, picture: { ...good.picture, width: 3 } }))).toBe('invalid-input');
    expect(pngs(dir)).toEqual([]);
    expect(library.runs.get(run.id).images).toEqual([]);
    library.close();
    expect((await openForTest(dir)).recovery).toMatchObject({ adopted: [], completed: [], unreadable: [] });
  });

  it('writes a file anew that was damaged since', async () => {
    const { library, run, image } = await withImage(temporaryDir());
    writeFileSync(library.imagePath(image.id), 'damaged');
    expect(await codeOf(() => library.readImage(image.id))).toBe('corrupt-file');
    await library.storeImage({ ...sampleImage(run.id), picture: picture(1) });
    expect(sha256(library.readImage(image.id))).toBe(image.sha256);
  });

  it('says so when the file is gone, and keeps the row', async () => {
    const dir = temporaryDir();
    const { library, image } = await withImage(dir);
    rmSync(library.imagePath(image.id));
    expect(await codeOf(() => library.imagePath(image.id))).toBe('not-found');
    expect(await codeOf(() => library.readPicture(image.id))).toBe('not-found');
    expect(await codeOf(() => library.imagePath('none'))).toBe('not-found');
    library.close();
    const again = await openForTest(dir);
    expect(again.recovery.missing).toEqual([image.sha256]);
    expect(again.images.get(image.id)).toEqual(image);
  });
});

describe('the trash', () => {
  it('keeps files until it is emptied, and then those that another run shares', async () => {
    const dir = temporaryDir();
    const { library, run: first, image } = await withImage(dir);
    library.runs.setState(first.id, 'cancelled');
    const second = library.runs.create(sampleRun());
    library.runs.setState(second.id, 'cancelled');
    const shared = await library.storeImage({ ...sampleImage(second.id), picture: picture(1) });
    const own = await library.storeImage({ ...sampleImage(second.id), picture: picture(2) });

    library.runs.trash(second.id);
    expect(existsSync(library.imagePath(own.id))).toBe(true);
    expect(library.emptyTrash(new Date(0))).toEqual({ runs: 0, files: 0 });
    expect(library.emptyTrash()).toEqual({ runs: 1, files: 1 });
    expect(await codeOf(() => library.images.get(shared.id))).toBe('not-found');
    expect(pngs(dir)).toEqual([join(image.sha256.slice(0, 2), `${image.sha256}.png`)]);

    library.runs.trash(first.id);
    expect(library.emptyTrash()).toEqual({ runs: 1, files: 1 });
    expect(pngs(dir)).toEqual([]);
    expect(library.prompts.list()).toEqual([]);
    expect(await codeOf(() => library.runs.restore(first.id))).toBe('not-found');
  });

  it('is not emptied of a run that is still at work', async () => {
    const { library, run, image } = await withImage(temporaryDir());
    library.runs.trash(run.id);
    expect(library.emptyTrash()).toEqual({ runs: 0, files: 0 });
    expect(library.runs.restore(run.id).images).toEqual([image]);
  });

  it('does not come back when the process died between rows and files', async () => {
    const dir = temporaryDir();
    const { library, image } = await withImage(dir);
    library.close();
    alter(dir, `DELETE FROM images; DELETE FROM runs; INSERT INTO file_intents VALUES ('${image.sha256}', 'remove', NULL)`);
    const again = await openForTest(dir);
    expect(again.recovery).toMatchObject({ removedFiles: 1, adopted: [] });
    expect(pngs(dir)).toEqual([]);
    again.close();
    expect((await openForTest(dir)).recovery.removedFiles).toBe(0);
  });
});

describe('a start after a kill', () => {
  it('gives a picture whose file was written back to the run that wanted it, with all of its record', async () => {
    const dir = temporaryDir();
    const { library, run, image } = await withImage(dir);
    library.close();
    const intent = `INSERT INTO file_intents VALUES ('${image.sha256}', 'store', '${JSON.stringify(image)}')`;
    alter(dir, `DELETE FROM images; UPDATE runs SET state = 'running'; ${intent}`);
    const again = await openForTest(dir);
    expect(again.recovery).toMatchObject({ completed: [image.id], adopted: [], interrupted: [run.id] });
    expect(again.runs.get(run.id)).toEqual({ ...run, state: 'interrupted', images: [image] });
    again.close();
    expect((await openForTest(dir)).recovery.completed).toEqual([]);
  });

  it.each<[string, (path: string) => void]>([
    ['was not written', (path) => rmSync(path)],
    ['is not whole', (path) => writeFileSync(path, readFileSync(path).subarray(0, 40))],
  ])('forgets a picture whose file %s', async (_, spoil) => {
    const dir = temporaryDir();
    const { library, run, image } = await withImage(dir);
    const path = library.imagePath(image.id);
    library.close();
    spoil(path);
    alter(dir, `DELETE FROM images; INSERT INTO file_intents VALUES ('${image.sha256}', 'store', '${JSON.stringify(image)}')`);
    const again = await openForTest(dir);
    expect(again.recovery.completed).toEqual([]);
    expect(again.runs.get(run.id).images).toEqual([]);
  });

  it('adopts a picture without any record from the text in its file', async () => {
    const dir = temporaryDir();
    const { library, image } = await withImage(dir, { prompt: '红色的船', guidance: 0, reflection: { guard: false } });
    const student = await library.storeImage({ ...sampleImage(image.run, { model: 'tiny', nfe: 20 }), picture: picture(2) });
    for (const [path, second] of [[library.imagePath(image.id), 1], [library.imagePath(student.id), 2]] as const) {
      utimesSync(path, second, second);
    }
    library.close();
    for (const name of ['library.sqlite', 'library.sqlite-wal', 'library.sqlite-shm']) rmSync(join(dir, name), { force: true });

    const again = await openForTest(dir);
    expect(again.recovery.adopted).toHaveLength(2);
    const { runs } = again.runs.list();
    expect(runs.map((run) => [run.prompt, run.state, run.teacher, run.student, run.warnings[0]?.code, run.createdAt])).toEqual([
      ['a red boat on the sea', 'interrupted', null, 'tiny', 'adopted', new Date(2000).toISOString()],
      ['红色的船', 'interrupted', 'storybook', null, 'adopted', new Date(1000).toISOString()],
    ]);
    const { id: _id, run: _run, createdAt: _createdAt, ms: _ms, samplingMs: _sampling, decodeMs: _decode, role: _role, ...kept } = image;
    expect(runs[1]?.images[0]).toMatchObject({ ...kept, role: 'single', ms: 0 });
    again.close();
    expect((await openForTest(dir)).recovery.adopted).toEqual([]);
  });

  it('leaves alone what it cannot adopt, and says so', async () => {
    const dir = temporaryDir();
    (await openLibrary(dir)).close();
    const foreign = await encodePng(picture(3), { parameters: 'of another program' });
    const put = (hash: string, bytes: Uint8Array) => {
      const path = join(dir, 'images', hash.slice(0, 2), `${hash}.png`);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes);
      return path;
    };
    const hashes = [sha256(foreign), 'ab'.repeat(32)];
    const paths = [put(hashes[0]!, foreign), put(hashes[1]!, Buffer.from('not what its name says'))];
    writeFileSync(join(dir, 'images', 'notes.txt'), 'mine');
    const again = await openForTest(dir);
    expect(again.recovery.unreadable.toSorted()).toEqual(hashes.toSorted());
    expect(again.runs.list().total).toBe(0);
    for (const path of paths) expect(existsSync(path)).toBe(true);
    expect(existsSync(join(dir, 'images', 'notes.txt'))).toBe(true);
  });

  it('removes unfinished files and ends unfinished runs: done where all pictures were stored, else interrupted', async () => {
    const dir = temporaryDir();
    const { library, run: half } = await withImage(dir);
    const finish = async (library: Library, changes: Parameters<typeof sampleRun>[0], pictures: number) => {
      const run = library.runs.create(sampleRun(changes));
      library.runs.setState(run.id, 'running');
      for (let seed = 0; seed < pictures; seed++) await library.storeImage({ ...sampleImage(run.id, { seed }), picture: picture(seed) });
      return run.id;
    };
    const compared = await finish(library, {}, 2);
    const generated = await finish(library, { kind: 'generate', student: null, count: 3 }, 3);
    const queued = library.runs.create(sampleRun());
    const trashed = await finish(library, {}, 0);
    library.runs.trash(trashed);
    library.close();
    writeFileSync(join(dir, 'images', 'tmp', 'half.png'), 'half');

    const again = await openForTest(dir);
    expect(again.recovery).toMatchObject({ removedTemporaries: 1, interrupted: [half.id, queued.id, trashed] });
    expect(readdirSync(join(dir, 'images', 'tmp'))).toEqual([]);
    expect(again.runs.get(compared).state).toBe('done');
    expect(again.runs.get(generated).state).toBe('done');
    expect(again.runs.get(half.id).state).toBe('interrupted');
    expect(again.runs.restore(trashed).state).toBe('interrupted');
  });

  it('opens a library that was moved', async () => {
    const dir = temporaryDir();
    const { library, image } = await withImage(join(dir, 'before'));
    library.close();
    renameSync(join(dir, 'before'), join(dir, 'after'));
    const again = await openForTest(join(dir, 'after'));
    expect(sha256(again.readImage(image.id))).toBe(image.sha256);
  });
});
