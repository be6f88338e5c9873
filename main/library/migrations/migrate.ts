// Opens a library's database: checks that it is whole and ours, and brings it to the newest version.
// Knows no table; whatever fails here leaves the file as it was.
import { renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { StudioError } from '../../contract/errors.ts';
import { Database, type Log } from '../database.ts';
import { flushFile, flushFolder } from '../durable.ts';
import { asStudioError, guarded } from '../errors.ts';
import { migrations as allMigrations } from './index.ts';

export interface Migration {
  version: number;
  name: string;
  sql: string;
}

interface Options {
  /** For tests of the mechanism. */
  migrations?: readonly Migration[];
  log?: Log | undefined;
}

/** Marks our databases in SQLite's header ("TeEF"). */
const applicationId = 0x54654546;

/**
 * Opens `path` for its one writer, creating or migrating it. Before a migration the old state is kept beside it
 * as `<path>.v<version>.backup`. Throws `corrupt-file`, `library-from-future`, `disk-full`, `permission`, and
 * `internal` for a migration that failed.
 */
export function openDatabase(path: string, options: Options = {}): Database {
  const migrations = options.migrations ?? allMigrations;
  const log = options.log;
  if (sizeOf(path) > 0) examineWithRetry(path, newestOf(migrations), log);
  const database = new Database(path, { log });
  try {
    migrate(database, path, migrations);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Opens `path` for reading beside whoever writes it. Throws `not-found` where there is no database,
 * `unsupported` where it must be migrated first, and as `openDatabase` does.
 */
export function openDatabaseReadOnly(path: string, options: Options = {}): Database {
  const newest = newestOf(options.migrations ?? allMigrations);
  if (sizeOf(path) === 0) throw new StudioError('not-found', `There is no library at ${dirname(path)} yet.`);
  const version = examineWithRetry(path, newest, options.log, { quick: true });
  if (version < newest) {
    throw new StudioError('unsupported', 'The library was written by an older version of the studio.', {
      hint: 'Open it once with this version; it is brought up to date then.',
    });
  }
  return new Database(path, { readOnly: true, log: options.log });
}

/** A first failure may be another process at work on the file or a read that went wrong; a second is the file. */
function examineWithRetry(path: string, newest: number, log: Log | undefined, options?: { quick: boolean }): number {
  try {
    return examine(path, newest, options);
  } catch (error) {
    if (error instanceof StudioError && error.code === 'library-from-future') throw error;
    if (awaitsRollback(error)) rollBack(path);
    log?.(`the library did not pass its check, once more: ${String(error)}`);
    return examine(path, newest, options);
  }
}

/** Whoever made or wrote the file was killed before it was in write-ahead mode: its journal is to be taken back, and a reader may not. */
function awaitsRollback(error: unknown): boolean {
  const cause = error instanceof StudioError ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'SQLITE_READONLY_ROLLBACK';
}

/** Opening for writing and reading something takes an unfinished journal back, as SQLite does for every program. */
function rollBack(path: string): void {
  guarded('Putting the library right', dirname(path), () => {
    const connection = new Sqlite(path, { fileMustExist: true, timeout: 5000 });
    try {
      connection.prepare('SELECT count(*) FROM sqlite_schema').get();
    } finally {
      connection.close();
    }
  });
}

/** Reads only, so that a file which is damaged or not ours stays as it is. Returns its version. */
function examine(path: string, newest: number, { quick = false } = {}): number {
  const { version, application, tables } = readHead(path, quick);
  if (tables > 0 && application !== applicationId) {
    throw new StudioError('corrupt-file', `${path} is a database of another program, not a studio library.`, {
      hint: 'Choose another folder for the library.',
    });
  }
  if (version > newest) {
    throw new StudioError('library-from-future', 'The library was written by a newer version of the studio.', {
      hint: 'Install the newest studio, or choose another library folder. Nothing was changed.',
      details: `library version ${version}, this studio reads up to ${newest}`,
    });
  }
  return version;
}

function readHead(path: string, quick: boolean): { version: number; application: number; tables: number } {
  const database = new Database(path, { readOnly: true });
  try {
    const verdict = quick ? 'ok' : String(database.pragma('quick_check(1)'));
    if (verdict !== 'ok') throw new StudioError('corrupt-file', verdict);
    return {
      version: Number(database.pragma('user_version')),
      application: Number(database.pragma('application_id')),
      tables: database.get<{ n: number }>('SELECT count(*) AS n FROM sqlite_schema')?.n ?? 0,
    };
  } catch (thrown) {
    const error = asStudioError(thrown, 'Checking the library', dirname(path));
    if (error.code !== 'corrupt-file') throw error;
    throw new StudioError('corrupt-file', `The library file ${path} is damaged. It was left as it is.`, {
      hint: 'Restore it from a backup, or move it away: the studio then builds a new one from the pictures in the images folder.',
      details: error.details ?? error.message,
      cause: error,
    });
  } finally {
    database.close();
  }
}

function migrate(database: Database, path: string, migrations: readonly Migration[]): void {
  const version = Number(database.pragma('user_version'));
  const missing = migrations.filter((migration) => migration.version > version);
  if (missing.length === 0) return;
  if (version > 0) backUp(database, `${path}.v${version}.backup`);
  // A migration that rebuilds a table would trip over references to it; they are checked as a whole instead.
  database.pragma('foreign_keys = OFF');
  try {
    database.transaction(() => {
      for (const migration of missing) apply(database, migration);
      const broken = database.all('PRAGMA foreign_key_check').length;
      if (broken > 0) throw new StudioError('internal', `The update of the library broke ${broken} references.`);
      database.pragma(`application_id = ${applicationId}`);
    });
  } finally {
    database.pragma('foreign_keys = ON');
  }
}

function apply(database: Database, migration: Migration): void {
  try {
    database.script(migration.sql);
    database.pragma(`user_version = ${migration.version}`);
  } catch (error) {
    const cause = asStudioError(error, 'Changing the library');
    if (cause.code !== 'internal') throw cause;
    throw new StudioError('internal', `The library could not be updated to version ${migration.version} (${migration.name}).`, {
      hint: 'Nothing was changed: the previous version of the studio still opens this library. Please report this.',
      details: cause.details ?? cause.message,
      cause: error,
    });
  }
}

function backUp(database: Database, path: string): void {
  const unfinished = `${path}.tmp`;
  rmSync(unfinished, { force: true });
  try {
    database.run('VACUUM INTO :path', { path: unfinished });
    flushFile(unfinished);
    renameSync(unfinished, path);
    flushFolder(dirname(path));
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw asStudioError(error, 'Backing up the library before its update', dirname(path));
  }
}

function newestOf(migrations: readonly Migration[]): number {
  return migrations.reduce((newest, migration) => Math.max(newest, migration.version), 0);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
