// The folder of one job: what it learns from, its logs and sample pictures, and the student in the trash. Training keeps its own files
// beside these and is the only one that knows them.
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../checkpoints/atomic.ts';
import { exists } from '../checkpoints/component.ts';
import { fileError } from '../checkpoints/errors.ts';
import { readJson, writeJson } from '../checkpoints/json.ts';
import { StudioError } from '../contract/errors.ts';
import { SampleSubject, type JobSample } from '../contract/jobs.ts';
import type { RawPicture } from '../engine/messages.ts';
import { PictureItem } from '../engine/training-messages.ts';
import { readTrainingLog, readValidationLog, type MetricRow, type ValidationRow } from '../jobs/metrics.ts';
import { decodePng, encodePng } from '../library/images/png.ts';

/** What a job learns from, read once: later changes of library and folders are another data set. */
export const Material = z.object({
  /** Of a source without pictures. */
  prompts: z.array(z.string()).nullable(),
  /** Of a folder. Neither: the Storybook world. */
  pictures: z.array(PictureItem).nullable(),
  hash: z.string(),
  subjects: z.array(SampleSubject),
});
export type Material = z.infer<typeof Material>;

/** Where all jobs have their folders. */
export const jobsFolder = (libraryDir: string): string => join(libraryDir, 'training');

const samplesFolder = 'samples';
/** What training leaves that a finished job needs no more. */
const heavy = ['points.f16', 'validation', 'checkpoint.safetensors', 'checkpoint.previous.safetensors', 'checkpoint.new.safetensors', 'sampled-student', 'measure'];

export class JobFiles {
  readonly dir: string;

  constructor(libraryDir: string, job: string) {
    this.dir = join(jobsFolder(libraryDir), job);
  }

  /** For trying out what the job costs; empty it before. */
  get measureDir(): string {
    return join(this.dir, 'measure');
  }

  /** Null before the job has begun. Throws 'corrupt-file', 'permission'. */
  async material(): Promise<Material | null> {
    const file = join(this.dir, 'material.json');
    return (await exists(file)) ? readJson(file, Material) : null;
  }

  /** Throws 'disk-full', 'permission'. */
  async keepMaterial(material: Material): Promise<void> {
    await mkdir(join(this.dir, samplesFolder), { recursive: true }).catch((thrown: unknown) => {
      throw fileError(thrown, this.dir);
    });
    await writeJson(join(this.dir, 'material.json'), material);
  }

  /** Empty before the first step. */
  async trainingLog(): Promise<MetricRow[]> {
    return readTrainingLog(await this.#text('log.jsonl'));
  }

  async validationLog(): Promise<ValidationRow[]> {
    return readValidationLog(await this.#text('validation.jsonl'));
  }

  /** `step` null: the teacher's. Throws 'disk-full', 'permission'. */
  async storeSample(step: number | null, index: number, picture: RawPicture): Promise<void> {
    await writeFileAtomic(this.#sample(step, index), await encodePng(picture, {}));
  }

  /** Throws 'not-found', 'corrupt-file'. */
  async readSample(step: number | null, index: number): Promise<RawPicture> {
    const file = this.#sample(step, index);
    const png = await readFile(file).catch((thrown: unknown) => {
      const error = fileError(thrown, file);
      throw error.code === 'not-found' ? new StudioError('not-found', 'There is no such sample picture (yet).') : error;
    });
    return decodePng(png);
  }

  /** The teacher's first, then by step and number. */
  async samples(job: string): Promise<JobSample[]> {
    const subjects = (await this.material())?.subjects ?? [];
    const names = await readdir(join(this.dir, samplesFolder)).catch(() => []);
    return names
      .flatMap((name) => {
        const [, step, index] = /^(teacher|\d+)-(\d+)\.png$/.exec(name) ?? [];
        const subject = subjects[Number(index)];
        return step === undefined || subject === undefined ? [] : [{ job, step: step === 'teacher' ? null : Number(step), index: Number(index), ...subject }];
      })
      .sort((a, b) => (a.step ?? -1) - (b.step ?? -1) || a.index - b.index);
  }

  /** Leaves the record of a finished job: logs and pictures. */
  async lighten(): Promise<void> {
    for (const name of heavy) await rm(join(this.dir, name), { recursive: true, force: true });
  }

  async remove(): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }

  /** Takes a model's folder into the trash. False where there is none. Throws 'permission'. */
  async trashModel(folder: string): Promise<boolean> {
    if (!(await exists(folder))) return false;
    await mkdir(this.dir, { recursive: true });
    await moved(folder, join(this.dir, 'student'));
    return true;
  }

  /** And out again. Throws 'not-found' when the trash has none, 'permission'. */
  restoreModel(folder: string): Promise<void> {
    return moved(join(this.dir, 'student'), folder);
  }

  #sample(step: number | null, index: number): string {
    return join(this.dir, samplesFolder, `${step ?? 'teacher'}-${index}.png`);
  }

  async #text(name: string): Promise<string> {
    return readFile(join(this.dir, name), 'utf8').catch(() => '');
  }
}

async function moved(from: string, to: string): Promise<void> {
  await rename(from, to).catch((thrown: unknown) => {
    throw fileError(thrown, from);
  });
}
