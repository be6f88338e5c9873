import type { Migration } from './migrate.ts';

export const jobs: Migration = {
  version: 2,
  name: 'distillation jobs',
  sql: `
    CREATE TABLE jobs (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      state TEXT NOT NULL,
      -- Rank in the queue, of a queued one; smaller is earlier. Not a count: reordering writes new ranks for all.
      rank INTEGER,
      created_at TEXT NOT NULL,
      -- The whole record as the contract has it, without state and place.
      record TEXT NOT NULL CHECK (json_valid(record)),
      -- In the trash since; NULL outside it.
      trashed_at TEXT,
      -- Name of the student's folder in the trash, where it went there with its job.
      trashed_model TEXT
    ) STRICT;
    CREATE INDEX jobs_newest ON jobs (created_at DESC, seq DESC);
    CREATE INDEX jobs_trashed ON jobs (trashed_at) WHERE trashed_at IS NOT NULL;
  `,
};
