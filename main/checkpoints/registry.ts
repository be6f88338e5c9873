// The models this machine has: every folder of the models folders, damaged ones with the reason.
// Reads files only; knows neither the library nor how models run.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { StudioError, toErrorData } from '../contract/errors.ts';
import { ModelId, type ModelInfo, type Sampler, type Warning } from '../contract/schemas.ts';
import { readCard, type ModelCard } from './card.ts';
import { exists } from './component.ts';
import { realPath } from './confine.ts';
import { fileError } from './errors.ts';
import { openCheckpoint, type Checkpoint } from './folder.ts';
import { FileHasher, hashCheckpoint } from './hash.ts';
import { readJson } from './json.ts';

/** A folder whose folders are models. It need not exist. */
export interface ModelsFolder {
  path: string;
  /** Shipped with the studio, not brought by the user. */
  embedded: boolean;
}

interface Found {
  id: string;
  dir: string;
  embedded: boolean;
}

export class ModelRegistry {
  readonly #folders: readonly ModelsFolder[];
  readonly #hasher = new FileHasher();

  /** Where two folders hold a model of the same name, the earlier folder wins. */
  constructor(folders: readonly ModelsFolder[]) {
    this.#folders = folders;
  }

  /** All models, teachers first, each kind by id. The disk is asked every time; unchanged weights are not read again. */
  async list(): Promise<ModelInfo[]> {
    const found = await this.#scan();
    const models: ModelInfo[] = [];
    for (const model of found.values()) models.push(await this.#describe(model));
    return models.sort((a, b) => (a.kind === b.kind ? compare(a.id, b.id) : a.kind === 'teacher' ? -1 : 1));
  }

  /**
   * Opens the model `id`.
   * Throws StudioError: `not-found` (it, its teacher or a file), `corrupt-file`, `unsupported`, `permission`.
   */
  async resolve(id: string): Promise<Checkpoint> {
    return this.#open(await this.#find(id));
  }

  /** `hashCheckpoint` of the model `id`. Throws as `resolve`. */
  async hash(id: string): Promise<string> {
    return hashCheckpoint(await this.resolve(id), this.#hasher);
  }

  #open({ dir }: Found): Promise<Checkpoint> {
    return openCheckpoint(dir, async (teacher) => (await this.#find(teacher)).dir);
  }

  async #find(id: string): Promise<Found> {
    for (const { path, embedded } of this.#folders) {
      const dir = join(path, id);
      // An id is one plain folder name; anything else must not become a path.
      if (ModelId.safeParse(id).success && (await isModel(dir))) return { id, dir, embedded };
    }
    throw new StudioError('not-found', `There is no model "${id}".`, { hint: 'The list of models shows which there are.' });
  }

  async #scan(): Promise<Map<string, Found>> {
    const found = new Map<string, Found>();
    for (const { path, embedded } of this.#folders) {
      for (const id of await namesIn(path)) {
        const dir = join(path, id);
        if (!found.has(id) && ModelId.safeParse(id).success && (await isModel(dir))) found.set(id, { id, dir, embedded });
      }
    }
    return found;
  }

  async #describe(model: Found): Promise<ModelInfo> {
    const card = await cardOf(model.dir);
    const common = {
      id: model.id,
      name: card?.title ?? model.id,
      licence: card?.licence ?? 'unknown',
      card: card?.text ?? null,
      embedded: model.embedded,
    };
    try {
      const checkpoint = await this.#open(model);
      return { ...common, ...facts(checkpoint), bytes: await ownBytes(checkpoint), hash: await hashCheckpoint(checkpoint, this.#hasher), problem: null };
    } catch (thrown) {
      return { ...common, ...(await guess(model.dir)), problem: toErrorData(thrown).message };
    }
  }
}

/** Something with one of these is meant to be a model, whole or not; other folders are none of ours. */
async function isModel(dir: string): Promise<boolean> {
  try {
    return (await exists(join(dir, 'model_index.json'))) || (await exists(join(dir, 'transformer')));
  } catch {
    // It is there but cannot be looked into: opening it will say why.
    return true;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort(compare);
  } catch (thrown) {
    const error = fileError(thrown, folder);
    if (error.code === 'not-found') return [];
    throw error;
  }
}

/** A card that cannot be read is no reason not to run a model. */
async function cardOf(dir: string): Promise<ModelCard | null> {
  try {
    return await readCard(await realPath(dir));
  } catch {
    return null;
  }
}

function facts(checkpoint: Checkpoint) {
  const { distillation, kind, guidanceKind, teacher, width, height } = checkpoint;
  return {
    kind, guidanceKind, teacher, width, height,
    distilledFrom: distillation?.strategy ?? null,
    distilledSteps: distillation?.distilled_steps ?? null,
    guidanceRange: distillation?.guidance_range ?? null,
    precision: precisionOf(checkpoint),
  };
}

/** The number format of most of the transformer's bytes, in words. */
function precisionOf({ transformer }: Checkpoint): string {
  const bytes = new Map<string, number>();
  for (const tensor of transformer.header.tensors.values()) bytes.set(tensor.dtype, (bytes.get(tensor.dtype) ?? 0) + tensor.bytes);
  const [most = 'unknown'] = [...bytes].sort((a, b) => b[1] - a[1])[0] ?? [];
  return { F16: 'float16', BF16: 'bfloat16', F32: 'float32', F64: 'float64' }[most] ?? most;
}

/** Size of the weights in the model's own folder; a student does not count its teacher's. */
async function ownBytes({ teacher, transformer, textEncoder, vae }: Checkpoint): Promise<number> {
  const own = teacher === null ? [transformer, textEncoder, vae] : [transformer];
  let bytes = 0;
  for (const { weights } of own) bytes += (await stat(weights)).size;
  return bytes;
}

/** What can be said of a model that cannot be opened. */
async function guess(dir: string) {
  const teacher = await readJson(join(dir, 'model_index.json'), z.object({ teacher: ModelId })).then((index) => index.teacher, () => null);
  return {
    kind: teacher === null ? 'teacher' : 'student',
    guidanceKind: null, teacher, distilledFrom: null, distilledSteps: null, guidanceRange: null,
    width: 0, height: 0, bytes: 0, precision: 'unknown', hash: '',
  } as const;
}

/**
 * The student to set beside `teacher` when nobody named one: distilled from that `sampler`, a TeEFusion one first; else
 * `<teacher>-teefusion`, else any student of this teacher, with a warning.
 * Throws StudioError `not-found` when the teacher has no student that works.
 */
export function defaultStudent(models: readonly ModelInfo[], teacher: string, sampler: Sampler): { id: string; warning?: Warning } {
  const usual = `${teacher}-teefusion`;
  const rank = (model: ModelInfo) => (model.id === usual ? 0 : model.guidanceKind === 'teefusion' ? 1 : 2);
  const students = models
    .filter((model) => model.kind === 'student' && model.teacher === teacher && model.problem === null)
    .sort((a, b) => rank(a) - rank(b) || compare(a.id, b.id));
  const matching = students.find((model) => model.distilledFrom === sampler);
  if (matching !== undefined) return { id: matching.id };
  const [other] = students;
  if (other === undefined) throw new StudioError('not-found', `The model "${teacher}" has no student.`, { hint: 'Distil one, or name a student.' });
  const learned = other.distilledFrom === null ? 'another sampler' : `the sampler "${other.distilledFrom}"`;
  const message = `No student of "${teacher}" was distilled from the sampler "${sampler}"; "${other.id}" learned from ${learned}.`;
  return { id: other.id, warning: { code: 'student-of-other-sampler', message } };
}

/** By code units: the same on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
