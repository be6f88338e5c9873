import type { Migration } from './migrate.ts';

export const runsAndImages: Migration = {
  version: 1,
  name: 'runs and images',
  sql: `
    CREATE TABLE prompts (
      id INTEGER PRIMARY KEY,
      text TEXT NOT NULL UNIQUE
    ) STRICT;

    CREATE VIRTUAL TABLE prompts_fts USING fts5 (
      text, content = 'prompts', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
    );
    CREATE TRIGGER prompts_added AFTER INSERT ON prompts BEGIN
      INSERT INTO prompts_fts (rowid, text) VALUES (new.id, new.text);
    END;
    CREATE TRIGGER prompts_removed AFTER DELETE ON prompts BEGIN
      INSERT INTO prompts_fts (prompts_fts, rowid, text) VALUES ('delete', old.id, old.text);
    END;

    -- A model's files as they were when a picture was made with them: the same name may have had several contents.
    CREATE TABLE models (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL,
      hash TEXT NOT NULL,
      first_seen_at TEXT NOT NULL,
      UNIQUE (name, hash)
    ) STRICT;

    CREATE TABLE runs (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      kind TEXT NOT NULL,
      state TEXT NOT NULL,
      created_at TEXT NOT NULL,
      prompt_id INTEGER NOT NULL REFERENCES prompts (id),
      negative_prompt_id INTEGER NOT NULL REFERENCES prompts (id),
      guidance REAL NOT NULL,
      steps INTEGER NOT NULL,
      seed INTEGER NOT NULL,
      sampler TEXT NOT NULL,
      reflection TEXT NOT NULL CHECK (json_valid(reflection)),
      teacher TEXT,
      student TEXT,
      count INTEGER NOT NULL,
      verdict TEXT,
      warnings TEXT NOT NULL CHECK (json_valid(warnings)),
      error TEXT CHECK (json_valid(error)),
      -- In the trash since; NULL outside it.
      trashed_at TEXT
    ) STRICT;
    CREATE INDEX runs_newest ON runs (created_at DESC, seq DESC);
    CREATE INDEX runs_prompt ON runs (prompt_id);
    CREATE INDEX runs_negative_prompt ON runs (negative_prompt_id);
    CREATE INDEX runs_unfinished ON runs (state) WHERE state IN ('queued', 'running');
    CREATE INDEX runs_trashed ON runs (trashed_at) WHERE trashed_at IS NOT NULL;

    CREATE TABLE images (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      run_seq INTEGER NOT NULL REFERENCES runs (seq) ON DELETE CASCADE,
      role TEXT NOT NULL,
      model_id INTEGER NOT NULL REFERENCES models (id),
      prompt_id INTEGER NOT NULL REFERENCES prompts (id),
      negative_prompt_id INTEGER NOT NULL REFERENCES prompts (id),
      guidance REAL NOT NULL,
      effective_guidance REAL NOT NULL,
      steps INTEGER NOT NULL,
      seed INTEGER NOT NULL,
      sampler TEXT NOT NULL,
      reflection TEXT NOT NULL CHECK (json_valid(reflection)),
      generator TEXT NOT NULL,
      nfe INTEGER NOT NULL,
      ms REAL NOT NULL,
      sampling_ms REAL NOT NULL,
      decode_ms REAL NOT NULL,
      device TEXT NOT NULL,
      threads INTEGER NOT NULL,
      runtime TEXT NOT NULL,
      width INTEGER NOT NULL,
      height INTEGER NOT NULL,
      sha256 TEXT NOT NULL,
      pixel_sha256 TEXT NOT NULL,
      created_at TEXT NOT NULL
    ) STRICT;
    CREATE INDEX images_run ON images (run_seq);
    CREATE INDEX images_model ON images (model_id);
    CREATE INDEX images_prompt ON images (prompt_id);
    CREATE INDEX images_negative_prompt ON images (negative_prompt_id);
    CREATE INDEX images_file ON images (sha256);
    CREATE INDEX images_pixels ON images (pixel_sha256);

    -- Files about to be stored ('store', with the image's record) or removed ('remove'): a file and its row cannot
    -- change in one transaction, so the next start finishes what a killed process had begun.
    CREATE TABLE file_intents (
      sha256 TEXT PRIMARY KEY,
      intent TEXT NOT NULL CHECK (intent IN ('store', 'remove')),
      record TEXT CHECK (json_valid(record))
    ) STRICT;

    CREATE TABLE settings (
      key TEXT PRIMARY KEY,
      value TEXT NOT NULL
    ) STRICT;
  `,
};
