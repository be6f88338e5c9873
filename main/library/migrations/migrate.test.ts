import { copyFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { openLibrary } from '../library.ts';
import { codeOf, sampleImage, sampleRun, picture, temporaryDir } from '../test-support.ts';
import { migrations } from './index.ts';
import { openDatabase, openDatabaseReadOnly, type Migration } from './migrate.ts';

const newest = migrations.at(-1)!.version;
const next: Migration = { version: newest + 1, name: 'a second', sql: `ALTER TABLE settings ADD COLUMN note TEXT; INSERT INTO settings (key, value, note) VALUES ('a', '1', 'x');` };
const failing: Migration = { version: newest + 2, name: 'one that fails', sql: 'CREATE TABLE half (x); INSERT INTO nowhere VALUES (1);' };
const dangling: Migration = { version: newest + 1, name: 'one that breaks references', sql: 'PRAGMA defer_foreign_keys = ON; DELETE FROM prompts;' };

/** A library's database with one run and one image in it. */
async function database(): Promise<string> {
  const dir = temporaryDir();
  const library = await openLibrary(dir);
  const run = library.runs.create(sampleRun());
  await library.storeImage({ ...sampleImage(run.id), picture: picture(1) });
  library.close();
  return join(dir, 'library.sqlite');
}

function versionOf(path: string): number {
  const connection = new Sqlite(path, { readonly: true });
  try {
    return connection.pragma('user_version', { simple: true }) as number;
  } finally {
    connection.close();
  }
}

describe('openDatabase', () => {
  it('creates a database with the promised pragmas, and finds full-text search compiled in', () => {
    const opened = openDatabase(join(temporaryDir(), 'new.sqlite'));
    expect(opened.pragma('journal_mode')).toBe('wal');
    expect(opened.pragma('synchronous')).toBe(2);
    expect(opened.pragma('foreign_keys')).toBe(1);
    expect(opened.pragma('user_version')).toBe(newest);
    expect(opened.get(`SELECT sqlite_compileoption_used('ENABLE_FTS5') AS fts5`)).toEqual({ fts5: 1 });
    opened.close();
  });

  it('has one migration per version, from 1 without a gap', () => {
    expect(migrations.map((migration) => migration.version)).toEqual(migrations.map((_, index) => index + 1));
  });

  it('takes an empty file for a new library', () => {
    const path = join(temporaryDir(), 'empty.sqlite');
    writeFileSync(path, '');
    openDatabase(path).close();
    expect(versionOf(path)).toBe(newest);
  });

  it('migrates an old database, keeping what it held and a copy of how it was', async () => {
    const path = await database();
    const opened = openDatabase(path, { migrations: [...migrations, next] });
    expect(opened.pragma('user_version')).toBe(newest + 1);
    expect(opened.get('SELECT note FROM settings')).toEqual({ note: 'x' });
    expect(opened.get('SELECT count(*) AS n FROM images')).toEqual({ n: 1 });
    expect(opened.pragma('foreign_keys')).toBe(1);
    opened.close();
    expect(versionOf(`${path}.v${newest}.backup`)).toBe(newest);
    openDatabase(`${path}.v${newest}.backup`).close();
  });

  it.each([['fails half way', [next, failing]], ['leaves dangling references', [dangling]]] as const)(
    'leaves the old database when a migration %s', async (_, added) => {
      const path = await database();
      expect(await codeOf(() => openDatabase(path, { migrations: [...migrations, ...added] }))).toBe('internal');
      expect(versionOf(path)).toBe(newest);
      const opened = openDatabase(path);
      expect(opened.get(`SELECT count(*) AS n FROM sqlite_schema WHERE name = 'half'`)).toEqual({ n: 0 });
      expect(opened.get('SELECT count(*) AS n FROM prompts')).not.toEqual({ n: 0 });
      expect(opened.get('SELECT count(*) AS n FROM images')).toEqual({ n: 1 });
      opened.close();
      expect(existsSync(`${path}.v${newest}.backup.tmp`)).toBe(false);
    });

  it('refuses a database from the future and leaves it', async () => {
    const path = await database();
    openDatabase(path, { migrations: [...migrations, next] }).close();
    const before = readFileSync(path);
    expect(await codeOf(() => openDatabase(path))).toBe('library-from-future');
    expect(await codeOf(() => openDatabaseReadOnly(path))).toBe('library-from-future');
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it("refuses another program's database and leaves it", async () => {
    const path = join(temporaryDir(), 'other.sqlite');
    const other = new Sqlite(path);
    other.exec('CREATE TABLE theirs (x)');
    other.close();
    const before = readFileSync(path);
    expect(await codeOf(() => openDatabase(path))).toBe('corrupt-file');
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it.each<[string, (path: string) => void]>([
    ['overwritten with text', (path) => writeFileSync(path, 'this was a library once. '.repeat(500))],
    ['cut off', (path) => truncateSync(path, 20_000)],
    ['damaged inside', (path) => {
      const bytes = readFileSync(path);
      bytes.fill(0xa5, 4096, bytes.length - 4096);
      writeFileSync(path, bytes);
    }],
  ])('reports a file that was %s and leaves it untouched', async (_, damage) => {
    const path = await database();
    damage(path);
    const before = readFileSync(path);
    expect(await codeOf(() => openDatabase(path))).toBe('corrupt-file');
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('tells of a check that failed once, and opens when the second passes', async () => {
    const path = await database();
    const good = `${path}.good`;
    copyFileSync(path, good);
    writeFileSync(path, 'for an instant this is no database '.repeat(200));
    const lines: string[] = [];
    const opened = openDatabase(path, {
      log: (line) => {
        lines.push(line);
        copyFileSync(good, path);
      },
    });
    expect(opened.get('SELECT count(*) AS n FROM images')).toEqual({ n: 1 });
    opened.close();
    expect(lines).toHaveLength(1);
  });
});

describe('openDatabaseReadOnly', () => {
  it('says what is missing: the database, or its update', async () => {
    expect(await codeOf(() => openDatabaseReadOnly(join(temporaryDir(), 'none.sqlite')))).toBe('not-found');
    const path = await database();
    expect(await codeOf(() => openDatabaseReadOnly(path, { migrations: [...migrations, next] }))).toBe('unsupported');
  });

  it('cannot write', async () => {
    const opened = openDatabaseReadOnly(await database());
    expect(await codeOf(() => opened.run('DELETE FROM runs'))).toBe('permission');
    opened.close();
  });
});

describe('a database whose writer was killed before it was in write-ahead mode', () => {
  /** As a kill leaves it: pages half written, and the journal that takes them back. */
  function killedHalfWay(): string {
    const dir = temporaryDir();
    const path = join(dir, 'alive.sqlite');
    openDatabase(path).close();
    const writer = new Sqlite(path);
    try {
      writer.pragma('journal_mode = DELETE');
      writer.pragma('cache_size = 1');
      writer.exec('BEGIN; CREATE TABLE half (text)');
      const insert = writer.prepare('INSERT INTO half VALUES (?)');
      for (let row = 0; row < 200; row++) insert.run('x'.repeat(1000));
      const killed = join(dir, 'killed.sqlite');
      copyFileSync(path, killed);
      copyFileSync(`${path}-journal`, `${killed}-journal`);
      return killed;
    } finally {
      writer.close();
    }
  }

  it('cannot be read as it is', () => {
    const reader = new Sqlite(killedHalfWay(), { readonly: true });
    try {
      expect(() => reader.pragma('user_version')).toThrow(/readonly/);
    } finally {
      reader.close();
    }
  });

  it.each([['its owner', openDatabase], ['a reader', openDatabaseReadOnly]])('is put right by %s', (_, open) => {
    const database = open(killedHalfWay());
    try {
      expect(database.pragma('user_version')).toBe(newest);
      expect(database.get("SELECT name FROM sqlite_schema WHERE name = 'half'")).toBeUndefined();
    } finally {
      database.close();
    }
  });
});
