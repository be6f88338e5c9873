// One training process for a work folder at a time: one whose host was killed may still be saving when the next host starts another.
// The lock is an exclusive SQLite transaction, which the operating system gives up with the process.
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { StudioError } from '../contract/errors.ts';

/** An orphan stops after its running step; a step of a large model takes a while. */
const patienceMs = 60_000;

/** Holds `workDir`, which exists, until this process ends. Blocks while another one has it; throws StudioError 'busy' when that takes too long. */
export function holdWork(workDir: string): void {
  const lock = new Sqlite(join(workDir, 'process.lock'), { timeout: patienceMs });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (thrown) {
    lock.close();
    if (!(thrown instanceof Sqlite.SqliteError) || !thrown.code.startsWith('SQLITE_BUSY')) throw thrown;
    throw new StudioError('busy', 'The training process from before is still finishing its step.', { hint: 'Try again in a minute.', cause: thrown });
  }
  held.push(lock);
}

/** A connection that is collected would give its lock up. */
const held: Sqlite.Database[] = [];
