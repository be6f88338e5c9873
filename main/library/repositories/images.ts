// Rows of stored images. Knows nothing of their files: `images/pictures.ts` keeps the two together.
import { StudioError } from '../../contract/errors.ts';
import type { ImageRecord } from '../../contract/schemas.ts';
import type { Database } from '../database.ts';
import type { PromptRepository } from './prompts.ts';

type ImageRow = Omit<ImageRecord, 'reflection'> & { reflection: string };

const select = `
  SELECT images.id, runs.id AS run, images.role, models.name AS model, models.hash AS modelHash,
    positive.text AS prompt, negative.text AS negativePrompt, images.guidance,
    images.effective_guidance AS effectiveGuidance, images.steps, images.seed, images.sampler, images.reflection,
    images.generator, images.nfe, images.ms, images.sampling_ms AS samplingMs, images.decode_ms AS decodeMs,
    images.device, images.threads, images.runtime, images.width, images.height, images.sha256,
    images.pixel_sha256 AS pixelSha256, images.created_at AS createdAt
  FROM images
    JOIN runs ON runs.seq = images.run_seq
    JOIN models ON models.id = images.model_id
    JOIN prompts AS positive ON positive.id = images.prompt_id
    JOIN prompts AS negative ON negative.id = images.negative_prompt_id`;

export class ImageRepository {
  readonly #database: Database;
  readonly #prompts: PromptRepository;

  constructor(database: Database, prompts: PromptRepository) {
    this.#database = database;
    this.#prompts = prompts;
  }

  /** Throws `not-found`. An image whose run is in the trash is still found: it can be restored. */
  get(id: string): ImageRecord {
    const row = this.#database.get<ImageRow>(`${select} WHERE images.id = :id`, { id });
    if (!row) throw new StudioError('not-found', `There is no image ${id} in the library.`);
    return toRecord(row);
  }

  /** Images of these runs, in the order in which they were stored. */
  ofRuns(runs: readonly string[]): ImageRecord[] {
    return this.#database
      .all<ImageRow>(`${select} WHERE runs.id IN (SELECT value FROM json_each(:runs)) ORDER BY images.seq`, { runs: JSON.stringify(runs) })
      .map(toRecord);
  }

  /** Other stored images with the same pixels, whatever made them; oldest first. */
  withPixels(pixelSha256: string): ImageRecord[] {
    return this.#database
      .all<ImageRow>(`${select} WHERE images.pixel_sha256 = :pixelSha256 AND runs.trashed_at IS NULL ORDER BY images.seq`, { pixelSha256 })
      .map(toRecord);
  }

  /** Whether a row, in the trash or not, refers to this file. */
  usesFile(sha256: string): boolean {
    return this.#database.get('SELECT 1 FROM images WHERE sha256 = :sha256 LIMIT 1', { sha256 }) !== undefined;
  }

  /** Names of all files that rows refer to. */
  files(): Set<string> {
    return new Set(this.#database.all<{ sha256: string }>('SELECT DISTINCT sha256 FROM images').map((row) => row.sha256));
  }

  /** Throws `not-found` when the run is gone. */
  insert(image: ImageRecord): void {
    this.#database.transaction(() => {
      const run = this.#database.get<{ seq: number }>('SELECT seq FROM runs WHERE id = :id', { id: image.run });
      if (!run) throw new StudioError('not-found', `There is no run ${image.run} in the library.`);
      const { run: _run, model, modelHash, prompt, negativePrompt, ...values } = image;
      this.#database.run(
        `INSERT INTO images (id, run_seq, role, model_id, prompt_id, negative_prompt_id, guidance, effective_guidance,
           steps, seed, sampler, reflection, generator, nfe, ms, sampling_ms, decode_ms, device, threads, runtime,
           width, height, sha256, pixel_sha256, created_at)
         VALUES (:id, :runSeq, :role, :modelId, :promptId, :negativePromptId, :guidance, :effectiveGuidance,
           :steps, :seed, :sampler, :reflection, :generator, :nfe, :ms, :samplingMs, :decodeMs, :device, :threads, :runtime,
           :width, :height, :sha256, :pixelSha256, :createdAt)`,
        {
          ...values,
          reflection: JSON.stringify(image.reflection),
          runSeq: run.seq,
          modelId: this.#modelId(model, modelHash, image.createdAt),
          promptId: this.#prompts.idOf(prompt),
          negativePromptId: this.#prompts.idOf(negativePrompt),
        },
      );
    });
  }

  #modelId(name: string, hash: string, now: string): number {
    this.#database.run(
      'INSERT INTO models (name, hash, first_seen_at) VALUES (:name, :hash, :now) ON CONFLICT DO NOTHING', { name, hash, now });
    return this.#database.get<{ id: number }>('SELECT id FROM models WHERE name = :name AND hash = :hash', { name, hash })!.id;
  }
}

function toRecord(row: ImageRow): ImageRecord {
  return { ...row, reflection: JSON.parse(row.reflection) };
}
