// Runs: created, brought to an end, judged, listed, thrown away and restored.
// Knows nothing of files: purging tells the caller which of them may have lost their last row.
import { randomUUID } from 'node:crypto';
import { StudioError } from '../../contract/errors.ts';
import { RunRecord, type RunState, type Verdict } from '../../contract/schemas.ts';
import type { Database, Parameters } from '../database.ts';
import type { ImageRepository } from './images.ts';
import type { PromptRepository } from './prompts.ts';
import { mayBecome, picturesWanted } from './run-state.ts';
import { promptCondition } from './search.ts';

const NewRun = RunRecord.omit({ id: true, state: true, createdAt: true, verdict: true, error: true, images: true });
export type NewRun = Omit<RunRecord, 'id' | 'state' | 'createdAt' | 'verdict' | 'error' | 'images'>;

export interface RunQuery {
  /** Words of the prompt; any text is allowed. */
  search?: string | undefined;
  limit?: number | undefined;
  /** A run's id: continues after it. */
  before?: string | undefined;
}

export interface RunPage {
  runs: RunRecord[];
  /** Of all pages. */
  total: number;
}

type RunRow = Omit<RunRecord, 'reflection' | 'warnings' | 'error' | 'images'> & { reflection: string; warnings: string; error: string | null };

const select = `
  SELECT runs.id, kind, state, created_at AS createdAt, prompts.text AS prompt, negative.text AS negativePrompt, guidance,
    steps, seed, sampler, reflection, teacher, student, count, verdict, warnings, error
  FROM runs
    JOIN prompts ON prompts.id = runs.prompt_id
    JOIN prompts AS negative ON negative.id = runs.negative_prompt_id`;

export class RunRepository {
  readonly #database: Database;
  readonly #prompts: PromptRepository;
  readonly #images: ImageRepository;

  constructor(database: Database, prompts: PromptRepository, images: ImageRepository) {
    this.#database = database;
    this.#prompts = prompts;
    this.#images = images;
  }

  /** Stores a new run as `queued`. Throws `invalid-input`. */
  create(run: NewRun): RunRecord {
    const parsed = NewRun.safeParse(run);
    if (!parsed.success) throw new StudioError('invalid-input', 'This run is not valid.', { details: parsed.error.message });
    const record: RunRecord = {
      ...parsed.data, id: randomUUID(), state: 'queued', createdAt: new Date().toISOString(), verdict: null, error: null, images: [],
    };
    return this.insert(record);
  }

  /** Stores a run as it is, without its images: `create` is for new ones. */
  insert(run: RunRecord): RunRecord {
    const prompt = run.prompt.toWellFormed();
    const negativePrompt = run.negativePrompt.toWellFormed();
    this.#database.transaction(() => {
      const { images: _images, prompt: _prompt, negativePrompt: _negative, ...values } = run;
      this.#database.run(
        `INSERT INTO runs (id, kind, state, created_at, prompt_id, negative_prompt_id, guidance, steps, seed, sampler,
           reflection, teacher, student, count, verdict, warnings, error)
         VALUES (:id, :kind, :state, :createdAt, :promptId, :negativePromptId, :guidance, :steps, :seed, :sampler,
           :reflection, :teacher, :student, :count, :verdict, :warnings, :error)`,
        {
          ...values,
          promptId: this.#prompts.idOf(prompt),
          negativePromptId: this.#prompts.idOf(negativePrompt),
          reflection: JSON.stringify(run.reflection),
          warnings: JSON.stringify(run.warnings),
          error: run.error && JSON.stringify(run.error),
        },
      );
    });
    return { ...run, prompt, negativePrompt };
  }

  /** Throws `not-found`, also for a run in the trash. */
  get(id: string): RunRecord {
    const row = this.#database.get<RunRow>(`${select} WHERE runs.id = :id AND trashed_at IS NULL`, { id });
    if (!row) throw notFound(id);
    return toRecord(row, this.#images.ofRuns([id]));
  }

  /** In the trash or not. */
  exists(id: string): boolean {
    return this.#database.get('SELECT 1 FROM runs WHERE id = :id', { id }) !== undefined;
  }

  /**
   * Brings a run to its next state, with its error and further warnings. Throws `not-found`, and `invalid-input` for a
   * run that has already ended otherwise. A run in the trash still changes: its work may be under way.
   */
  setState(id: string, state: RunState, { error, warnings = [] }: { error?: RunRecord['error']; warnings?: RunRecord['warnings'] } = {}): RunRecord {
    return this.#database.transaction(() => {
      const run = this.#find(id);
      if (!mayBecome(run.state, state)) {
        throw new StudioError('invalid-input', `Run ${id} is ${run.state} and cannot become ${state}.`);
      }
      const changed: RunRecord = { ...run, state, error: error === undefined ? run.error : error, warnings: [...run.warnings, ...warnings] };
      this.#database.run('UPDATE runs SET state = :state, error = :error, warnings = :warnings WHERE id = :id', {
        id, state, error: changed.error && JSON.stringify(changed.error), warnings: JSON.stringify(changed.warnings),
      });
      return changed;
    });
  }

  /** Null withdraws it. Throws `not-found`, and `invalid-input` for a run that compares nothing. */
  setVerdict(id: string, verdict: Verdict | null): RunRecord {
    return this.#database.transaction(() => {
      const run = this.get(id);
      if (run.kind !== 'compare') throw new StudioError('invalid-input', 'Only a comparison can be judged.');
      this.#database.run('UPDATE runs SET verdict = :verdict WHERE id = :id', { id, verdict });
      return { ...run, verdict };
    });
  }

  /** Newest first, without the trash. Throws `not-found` when `before` is no run. */
  list({ search = '', limit = 60, before }: RunQuery = {}): RunPage {
    const condition = promptCondition(search);
    const where = `trashed_at IS NULL AND ${condition?.sql ?? 'true'}`;
    const parameters: Parameters = { ...condition?.parameters };
    const total = this.#database.get<{ n: number }>(
      `SELECT count(*) AS n FROM runs JOIN prompts ON prompts.id = runs.prompt_id WHERE ${where}`, parameters)!.n;

    let after = 'true';
    if (before !== undefined) {
      const row = this.#database.get<{ createdAt: string; seq: number }>('SELECT created_at AS createdAt, seq FROM runs WHERE id = :before', { before });
      if (!row) throw notFound(before);
      after = '(runs.created_at, runs.seq) < (:beforeTime, :beforeSeq)';
      parameters['beforeTime'] = row.createdAt;
      parameters['beforeSeq'] = row.seq;
    }
    const rows = this.#database.all<RunRow>(
      `${select} WHERE ${where} AND ${after} ORDER BY runs.created_at DESC, runs.seq DESC LIMIT :limit`, { ...parameters, limit });
    const images = Map.groupBy(this.#images.ofRuns(rows.map((row) => row.id)), (image) => image.run);
    return { runs: rows.map((row) => toRecord(row, images.get(row.id) ?? [])), total };
  }

  /** Moves a run to the trash; `restore` is its undo. Throws `not-found`. */
  trash(id: string): void {
    const changed = this.#database.run(
      'UPDATE runs SET trashed_at = :now WHERE id = :id AND trashed_at IS NULL', { id, now: new Date().toISOString() });
    if (changed === 0) throw notFound(id);
  }

  /** Throws `not-found` when it is not in the trash (any more). */
  restore(id: string): RunRecord {
    const changed = this.#database.run('UPDATE runs SET trashed_at = NULL WHERE id = :id AND trashed_at IS NOT NULL', { id });
    if (changed === 0) throw new StudioError('not-found', `There is no run ${id} in the trash.`);
    return this.get(id);
  }

  /** Ids of ended runs that went to the trash before this time. */
  trashedBefore(time: Date): string[] {
    return this.#database
      .all<{ id: string }>(
        `SELECT id FROM runs WHERE trashed_at < :time AND state NOT IN ('queued', 'running')`, { time: time.toISOString() })
      .map((row) => row.id);
  }

  /** Removes a run in the trash and its images' rows for good. Returns the files they referred to. */
  purge(id: string): string[] {
    return this.#database.transaction(() => {
      const files = this.#images.ofRuns([id]).map((image) => image.sha256);
      const changed = this.#database.run('DELETE FROM runs WHERE id = :id AND trashed_at IS NOT NULL', { id });
      if (changed === 0) throw new StudioError('not-found', `There is no run ${id} in the trash.`);
      this.#prompts.removeUnused();
      return files;
    });
  }

  /**
   * For a start: runs that a dead process left `queued` or `running` become `interrupted`, or `done` when all their
   * pictures had been stored. Returns those that became `interrupted`.
   */
  interruptUnfinished(): string[] {
    return this.#database.transaction(() => {
      const unfinished = this.#database
        .all<{ id: string }>(`SELECT id FROM runs WHERE state IN ('queued', 'running') ORDER BY seq`)
        .map((row) => this.#find(row.id));
      const interrupted: string[] = [];
      for (const run of unfinished) {
        const complete = run.state === 'running' && run.images.length >= picturesWanted(run);
        this.setState(run.id, complete ? 'done' : 'interrupted');
        if (!complete) interrupted.push(run.id);
      }
      return interrupted;
    });
  }

  /** In the trash or not. */
  #find(id: string): RunRecord {
    const row = this.#database.get<RunRow>(`${select} WHERE runs.id = :id`, { id });
    if (!row) throw notFound(id);
    return toRecord(row, this.#images.ofRuns([id]));
  }
}

function notFound(id: string): StudioError {
  return new StudioError('not-found', `There is no run ${id} in the library.`);
}

function toRecord(row: RunRow, images: RunRecord['images']): RunRecord {
  return {
    ...row,
    reflection: JSON.parse(row.reflection),
    warnings: JSON.parse(row.warnings),
    error: row.error === null ? null : JSON.parse(row.error),
    images,
  };
}
