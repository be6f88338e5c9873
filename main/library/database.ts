// One SQLite connection: its pragmas, cached statements, transactions, a slow-query log, errors as StudioErrors.
// Knows no table of the library.
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { guarded } from './errors.ts';

type Value = string | number | bigint | null;
export type Parameters = Record<string, Value>;
export type Log = (line: string) => void;

const slowQueryMs = 200;

export class Database {
  readonly #connection: Sqlite.Database;
  readonly #statements = new Map<string, Sqlite.Statement>();
  readonly #folder: string;
  readonly #log: Log;

  constructor(path: string, options: { readOnly?: boolean; log?: Log | undefined } = {}) {
    const readOnly = options.readOnly ?? false;
    this.#folder = dirname(path);
    this.#log = options.log ?? (() => {});
    this.#connection = guarded('Opening the library', this.#folder, () => {
      const connection = new Sqlite(path, { readonly: readOnly, fileMustExist: readOnly, timeout: 5000 });
      try {
        if (!readOnly) configureWriter(connection);
        connection.pragma('foreign_keys = ON');
        return connection;
      } catch (error) {
        connection.close();
        throw error;
      }
    });
  }

  run(sql: string, parameters: Parameters = {}): number {
    return this.#timed(sql, (statement) => statement.run(parameters).changes);
  }

  get<Row>(sql: string, parameters: Parameters = {}): Row | undefined {
    return this.#timed(sql, (statement) => statement.get(parameters) as Row | undefined);
  }

  all<Row>(sql: string, parameters: Parameters = {}): Row[] {
    return this.#timed(sql, (statement) => statement.all(parameters) as Row[]);
  }

  /** Several statements at once, without parameters: for migrations. */
  script(sql: string): void {
    guarded('Changing the library', this.#folder, () => this.#connection.exec(sql));
  }

  pragma(name: string): unknown {
    return guarded('Reading the library', this.#folder, () => this.#connection.pragma(name, { simple: true }));
  }

  /** All of `work` or nothing of it. On disk when this returns. May be nested. */
  transaction<T>(work: () => T): T {
    return guarded('Writing to the library', this.#folder, () => this.#connection.transaction(work).immediate());
  }

  close(): void {
    this.#statements.clear();
    this.#connection.close();
  }

  #timed<T>(sql: string, work: (statement: Sqlite.Statement) => T): T {
    return guarded('Using the library', this.#folder, () => {
      let statement = this.#statements.get(sql);
      if (!statement) this.#statements.set(sql, (statement = this.#connection.prepare(sql)));
      const start = performance.now();
      const result = work(statement);
      const ms = performance.now() - start;
      if (ms > slowQueryMs) this.#log(`slow query (${ms.toFixed(0)} ms): ${sql.replace(/\s+/g, ' ').trim()}`);
      return result;
    });
  }
}

function configureWriter(connection: Sqlite.Database): void {
  connection.pragma('journal_mode = WAL');
  connection.pragma('synchronous = FULL');
  // Without it macOS hands data to the drive but does not wait until the drive has kept it.
  connection.pragma('fullfsync = ON');
}
