// The version of the SQLite that better-sqlite3 was built with.
import Sqlite from 'better-sqlite3';

export function sqliteVersion(): string {
  const database = new Sqlite(':memory:');
  try {
    return database.prepare<[], { version: string }>('SELECT sqlite_version() AS version').get()!.version;
  } finally {
    database.close();
  }
}
