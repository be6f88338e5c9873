// Distillation jobs as rows: stored, changed, put in order, thrown away and restored.
// Knows neither what a job does nor which changes of state make sense; main/jobs does.
import { StudioError } from '../../contract/errors.ts';
import { JobRecord } from '../../contract/jobs.ts';
import type { Database, Log } from '../database.ts';

/** What a job's row holds besides what decides its place. */
export type JobChanges = Partial<Omit<JobRecord, 'id' | 'createdAt' | 'position'>>;

export interface TrashedJob {
  readonly id: string;
  /** Name of its student's folder in the trash. */
  readonly model: string | null;
}

interface JobRow {
  id: string;
  state: string;
  record: string;
  position: number | null;
}

const select = `
  SELECT id, state, record,
    CASE WHEN state = 'queued' THEN (
      SELECT count(*) FROM jobs AS other WHERE other.state = 'queued' AND other.trashed_at IS NULL AND (other.rank, other.seq) < (jobs.rank, jobs.seq)
    ) END AS position
  FROM jobs`;

export class JobRepository {
  readonly #database: Database;
  readonly #log: Log;

  constructor(database: Database, log: Log = () => {}) {
    this.#database = database;
    this.#log = log;
  }

  /** Stores a new job; a queued one comes last. */
  insert(job: Omit<JobRecord, 'position'>): JobRecord {
    return this.#database.transaction(() => {
      this.#database.run(
        `INSERT INTO jobs (id, state, rank, created_at, record)
         VALUES (:id, :state, (SELECT coalesce(max(rank), 0) + 1 FROM jobs), :createdAt, :record)`,
        { id: job.id, state: job.state, createdAt: job.createdAt, record: JSON.stringify(job) },
      );
      return this.get(job.id);
    });
  }

  /** Throws `not-found`, also for a job in the trash, and `corrupt-file` for one that this version cannot read. */
  get(id: string): JobRecord {
    const row = this.#database.get<JobRow>(`${select} WHERE id = :id AND trashed_at IS NULL`, { id });
    if (!row) throw notFound(id);
    const record = readRow(row);
    if (record === null) throw new StudioError('corrupt-file', `The record of job ${id} cannot be read by this version of the studio.`);
    return record;
  }

  /** Newest first, without the trash. One that cannot be read is left out and logged. */
  list(): JobRecord[] {
    return this.#database
      .all<JobRow>(`${select} WHERE trashed_at IS NULL ORDER BY created_at DESC, seq DESC`)
      .flatMap((row) => {
        const record = readRow(row);
        if (record === null) this.#log(`the record of job ${row.id} cannot be read and was left out`);
        return record ?? [];
      });
  }

  /** Changes what is given and leaves the rest. Throws as `get`. */
  update(id: string, changes: JobChanges): JobRecord {
    return this.#database.transaction(() => {
      const record = { ...this.get(id), ...changes };
      this.#database.run('UPDATE jobs SET state = :state, record = :record WHERE id = :id', { id, state: record.state, record: JSON.stringify(record) });
      return this.get(id);
    });
  }

  /** The queue in this order; ids that are not queued do no harm. */
  setOrder(ids: readonly string[]): void {
    this.#database.transaction(() => {
      ids.forEach((id, i) => this.#database.run('UPDATE jobs SET rank = :rank WHERE id = :id', { id, rank: i + 1 }));
    });
  }

  /** Moves a job to the trash; `restore` is its undo. Throws `not-found`. */
  trash(id: string, model: string | null): void {
    const changed = this.#database.run(
      'UPDATE jobs SET trashed_at = :now, trashed_model = :model WHERE id = :id AND trashed_at IS NULL', { id, model, now: new Date().toISOString() });
    if (changed === 0) throw notFound(id);
  }

  /** What `trash` noted. Throws `not-found` when it is not in the trash (any more). */
  trashed(id: string): TrashedJob {
    const row = this.#database.get<TrashedJob>('SELECT id, trashed_model AS model FROM jobs WHERE id = :id AND trashed_at IS NOT NULL', { id });
    if (!row) throw new StudioError('not-found', `There is no job ${id} in the trash.`);
    return row;
  }

  /** Throws `not-found` when it is not in the trash (any more). */
  restore(id: string): JobRecord {
    this.trashed(id);
    this.#database.run('UPDATE jobs SET trashed_at = NULL, trashed_model = NULL WHERE id = :id', { id });
    return this.get(id);
  }

  /** Jobs that went to the trash before this time. */
  trashedBefore(time: Date): TrashedJob[] {
    return this.#database.all<TrashedJob>('SELECT id, trashed_model AS model FROM jobs WHERE trashed_at < :time', { time: time.toISOString() });
  }

  /** Removes a job in the trash for good; its files are the caller's. */
  purge(id: string): void {
    this.#database.run('DELETE FROM jobs WHERE id = :id AND trashed_at IS NOT NULL', { id });
  }
}

function readRow({ record, state, position }: JobRow): JobRecord | null {
  const parsed = JobRecord.safeParse({ ...JSON.parse(record), state, position });
  return parsed.success ? parsed.data : null;
}

function notFound(id: string): StudioError {
  return new StudioError('not-found', `There is no job ${id}.`);
}
