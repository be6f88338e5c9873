// Where evaluations live in a library: `evaluations/<id>/` with the plan (request.json), the judged pictures (records.jsonl, pictures/),
// how it ended (state.json) and the report. Folders are all there is to it: a killed process leaves nothing that has to agree.
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { syncFolder } from '../checkpoints/atomic.ts';
import { exists } from '../checkpoints/component.ts';
import { fileError } from '../checkpoints/errors.ts';
import { readJson, writeJson } from '../checkpoints/json.ts';
import { ErrorData, StudioError } from '../contract/errors.ts';
import { EvaluateRequest, EvaluationCell, EvaluationPrompt, EvaluationReport } from '../contract/evaluation.ts';
import { MetricId } from '../contract/metrics.ts';
import type { EvaluationPictureAddress } from '../contract/picture-address.ts';
import { Id, ModelId, ModelInfo, Warning } from '../contract/schemas.ts';
import { backgrounds, colours, kinds, places, relations, sizes } from '../storybook/vocabulary.ts';

const Facts = z.object({
  background: z.enum(backgrounds).nullable(),
  objects: z.array(z.object({
    kind: z.enum(kinds).nullable(), colour: z.enum(colours).nullable(), size: z.enum(sizes).nullable(), place: z.enum(places).nullable(),
  })),
  relation: z.enum(relations).nullable(),
});

/** An evaluation as it was settled when it began; going on with it asks nothing anew. */
export const PlannedEvaluation = z.object({
  version: z.literal(1),
  id: Id,
  createdAt: z.iso.datetime(),
  request: EvaluateRequest,
  cells: z.array(EvaluationCell.extend({ nfe: z.int() })),
  prompts: z.array(EvaluationPrompt.extend({ facts: Facts.nullable() })),
  /** Those of the cells, and the teachers of students. */
  models: z.array(ModelInfo),
  /** The schedule's shift of each model in the cells. */
  shifts: z.record(ModelId, z.number()),
  metrics: z.array(z.object({ id: MetricId, hash: z.string(), name: z.string(), higherIsBetter: z.boolean() })),
  warnings: z.array(Warning),
});
export type PlannedEvaluation = z.infer<typeof PlannedEvaluation>;

/** How an evaluation stopped. There is none while it runs, nor when its host was killed. */
export const EvaluationEnd = z.object({
  state: z.enum(['done', 'cancelled', 'failed']),
  error: ErrorData.nullable(),
  /** Pictures drawn and judged by then. */
  done: z.int(),
  /** Of metrics that were dropped, say. */
  warnings: z.array(Warning),
});
export type EvaluationEnd = z.infer<typeof EvaluationEnd>;

/** Trash has a name that no id can have. */
const trash = '.trash';

export class EvaluationFolder {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  get records(): string {
    return join(this.dir, 'records.jsonl');
  }

  picture(cell: string, index: number): string {
    return join(this.dir, 'pictures', cell, `${index}.png`);
  }

  /** Throws StudioError: 'not-found', 'corrupt-file'. */
  plan(): Promise<PlannedEvaluation> {
    return readJson(join(this.dir, 'request.json'), PlannedEvaluation);
  }

  async end(): Promise<EvaluationEnd | null> {
    return orNull(readJson(this.#state, EvaluationEnd));
  }

  writeEnd(end: EvaluationEnd): Promise<void> {
    return writeJson(this.#state, end);
  }

  /** It begins, or goes on. */
  async clearEnd(): Promise<void> {
    await rm(this.#state, { force: true });
    await rm(this.#report, { force: true });
    await syncFolder(this.dir);
  }

  /** null where there is none, or one that another version of the studio wrote: it can be put together again. */
  async report(): Promise<EvaluationReport | null> {
    return orNull(readJson(this.#report, EvaluationReport));
  }

  writeReport(report: EvaluationReport): Promise<void> {
    return writeJson(this.#report, report);
  }

  get #state(): string {
    return join(this.dir, 'state.json');
  }

  get #report(): string {
    return join(this.dir, 'report.json');
  }
}

export class EvaluationStore {
  readonly #root: string;

  constructor(libraryDir: string) {
    this.#root = join(resolve(libraryDir), 'evaluations');
  }

  /** Throws StudioError('not-found') when there is no such evaluation. */
  folder(id: string): EvaluationFolder {
    const dir = join(this.#root, id);
    if (!Id.safeParse(id).success || !existsSync(join(dir, 'request.json'))) throw unknown(id);
    return new EvaluationFolder(dir);
  }

  /** Path of a picture, whether it is drawn or not. Throws StudioError('not-found') for an unknown evaluation. */
  picturePath({ evaluation, cell, index }: EvaluationPictureAddress): string {
    return this.folder(evaluation).picture(cell, index);
  }

  /** On disk when this resolves. Throws StudioError: 'disk-full', 'permission'. */
  async create(plan: PlannedEvaluation): Promise<EvaluationFolder> {
    const folder = new EvaluationFolder(join(this.#root, plan.id));
    try {
      await mkdir(folder.dir, { recursive: true, mode: 0o700 });
      for (const { key } of plan.cells) await mkdir(join(folder.dir, 'pictures', key), { recursive: true, mode: 0o700 });
    } catch (thrown) {
      throw fileError(thrown, folder.dir);
    }
    await writeJson(join(folder.dir, 'request.json'), plan);
    await syncFolder(this.#root);
    return folder;
  }

  /** Ids of all that are not in the trash. */
  async ids(): Promise<string[]> {
    const names = await namesIn(this.#root);
    return names.filter((name) => Id.safeParse(name).success && existsSync(join(this.#root, name, 'request.json')));
  }

  /** Throws StudioError('not-found'). */
  async trash(id: string): Promise<void> {
    await this.#move(this.folder(id).dir, join(this.#root, trash, id));
  }

  /** Throws StudioError('not-found') for what is not in the trash. */
  async restore(id: string): Promise<EvaluationFolder> {
    const from = join(this.#root, trash, id);
    if (!Id.safeParse(id).success || !(await exists(from))) throw unknown(id);
    await this.#move(from, join(this.#root, id));
    return this.folder(id);
  }

  /** Removes for good what went to the trash before `before`. */
  async emptyTrash(before: Date): Promise<void> {
    const bin = join(this.#root, trash);
    for (const name of await namesIn(bin)) {
      // A rename changes the folder's own record, not its content.
      const { ctimeMs } = await stat(join(bin, name));
      if (ctimeMs < before.getTime()) await rm(join(bin, name), { recursive: true, force: true });
    }
  }

  async #move(from: string, to: string): Promise<void> {
    try {
      await mkdir(join(this.#root, trash), { recursive: true, mode: 0o700 });
      await rename(from, to);
    } catch (thrown) {
      throw fileError(thrown, from);
    }
    await syncFolder(join(this.#root, trash));
    await syncFolder(this.#root);
  }
}

/** Sorts by the time it was made at, and can be typed. */
export function newEvaluationId(now: Date, random: string): string {
  return `${now.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')}-${random.slice(0, 4)}`;
}

async function namesIn(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (thrown) {
    const error = fileError(thrown, dir);
    if (error.code === 'not-found') return [];
    throw error;
  }
}

async function orNull<T>(read: Promise<T>): Promise<T | null> {
  try {
    return await read;
  } catch (thrown) {
    const known = thrown instanceof StudioError && ['not-found', 'corrupt-file', 'unsupported'].includes(thrown.code);
    if (known) return null;
    throw thrown;
  }
}

function unknown(id: string): StudioError {
  return new StudioError('not-found', `There is no evaluation "${id}".`, { hint: 'It may be in the trash, or in another library.' });
}
