// The journal that joins files and rows. SQLite cannot commit a file, so what is about to happen is written down
// first; the next start finishes or forgets what a killed process had begun.
import { ImageRecord } from '../../contract/schemas.ts';
import type { Database } from '../database.ts';

export type FileIntent = { sha256: string; intent: 'store'; record: ImageRecord } | { sha256: string; intent: 'remove' };

export class FileIntents {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Replaces an older intent for the same file. */
  begin(intent: FileIntent): void {
    this.#database.run(
      'INSERT OR REPLACE INTO file_intents (sha256, intent, record) VALUES (:sha256, :intent, :record)',
      { sha256: intent.sha256, intent: intent.intent, record: intent.intent === 'store' ? JSON.stringify(intent.record) : null },
    );
  }

  end(sha256: string): void {
    this.#database.run('DELETE FROM file_intents WHERE sha256 = :sha256', { sha256 });
  }

  all(): FileIntent[] {
    return this.#database
      .all<{ sha256: string; intent: 'store' | 'remove'; record: string }>('SELECT sha256, intent, record FROM file_intents')
      .map(({ sha256, intent, record }) =>
        intent === 'store' ? { sha256, intent, record: ImageRecord.parse(JSON.parse(record)) } : { sha256, intent });
  }
}
