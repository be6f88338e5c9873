// Hands a student out of the studio: as a complete folder in diffusers' layout, the same as one zip, or its transformer as ONNX.
// What is written appears under its final name only when it is whole.
import { createWriteStream } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { z } from 'zod';
import { exists } from '../checkpoints/component.ts';
import { fileError } from '../checkpoints/errors.ts';
import { openCheckpoint, type Checkpoint } from '../checkpoints/folder.ts';
import { readJson, writeJson } from '../checkpoints/json.ts';
import { loraFile, loraFolder, wholeFile } from '../checkpoints/lora.ts';
import { StudioError } from '../contract/errors.ts';
import type { ExportFormat, JobExport } from '../contract/jobs.ts';
import { exportOnnx } from '../engine/training-host.ts';
import { freeName } from '../jobs/queue.ts';
import type { JobPlaces } from './jobs-sitting.ts';

/** Of every entry, so that the same student gives the same zip. */
const zipTime = new Date(Date.UTC(2000, 0, 1));

export interface ExportPlaces extends Pick<JobPlaces, 'command' | 'modelDirs'> {
  /** Folder of exports; created. */
  readonly exports: string;
}

/** Throws StudioError 'not-found' (it, its teacher), 'corrupt-file', 'disk-full', 'permission', 'unsupported' for an ONNX file of more than 2 GiB. */
export async function exportStudent(model: string, format: ExportFormat, { exports, command, modelDirs }: ExportPlaces, signal: AbortSignal): Promise<JobExport> {
  await mkdir(exports, { recursive: true }).catch((thrown: unknown) => {
    throw fileError(thrown, exports);
  });
  const ending = { folder: '', zip: '.zip', onnx: '.onnx' }[format];
  const stem = freeName(model, (await readdir(exports)).filter((name) => name.endsWith(ending)).map((name) => name.slice(0, name.length - ending.length)));
  const path = join(exports, `${stem}${ending}`);
  const unfinished = join(exports, `.${stem}.${process.pid}.tmp`);
  try {
    if (format === 'onnx') await exportOnnx(command, { id: model, modelDirs: [...modelDirs], file: unfinished }, signal);
    else await writeFolder(await openModel(model, modelDirs), unfinished);
    if (format === 'zip') await zipped(unfinished, model);
    await rename(format === 'zip' ? `${unfinished}.zip` : unfinished, path);
    return { path, bytes: await sizeOf(path) };
  } catch (thrown) {
    throw fileError(thrown, path);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
    await rm(`${unfinished}.zip`, { force: true });
  }
}

async function openModel(id: string, modelDirs: readonly string[]): Promise<Checkpoint> {
  const find = async (name: string): Promise<string> => {
    for (const dir of modelDirs) if (await exists(join(dir, name, 'model_index.json'))) return join(dir, name);
    throw new StudioError('not-found', `There is no model "${name}".`, { hint: 'A student needs its teacher: it holds its own transformer only.' });
  };
  return openCheckpoint(await find(id), find);
}

/** The student's transformer with its teacher's other parts: nothing else is needed to run it. */
async function writeFolder(checkpoint: Checkpoint, dir: string): Promise<void> {
  const { transformer, textEncoder, vae, scheduler, tokenizer } = checkpoint;
  const copies: [string, string][] = [
    ...[['transformer', transformer], ['text_encoder', textEncoder], ['vae', vae]].flatMap(([name, part]) => {
      const { weights, configPath } = part as Checkpoint['vae'];
      return [[configPath, `${name as string}/config.json`], [weights, `${name as string}/${fileName(weights)}`]] as [string, string][];
    }),
    [scheduler.configPath, 'scheduler/scheduler_config.json'],
    [tokenizer, 'tokenizer/tokenizer.json'],
  ];
  for (const name of ['README.md', 'distillation.json', 'training.json', `${loraFolder}/${loraFile}`, `${loraFolder}/${wholeFile}`]) {
    if (await exists(join(checkpoint.dir, name))) copies.push([join(checkpoint.dir, name), name]);
  }
  for (const [from, to] of copies) {
    await mkdir(join(dir, to, '..'), { recursive: true });
    await copyFile(from, join(dir, to));
  }
  const { teacher: _teacher, ...index } = await readJson(join(checkpoint.dir, 'model_index.json'), z.record(z.string(), z.unknown()));
  await writeJson(join(dir, 'model_index.json'), index);
}

const fileName = (path: string): string => path.slice(path.lastIndexOf(sep) + 1);

/** `dir` as `dir`.zip, all under one folder. Weights do not compress: they are stored as they are, texts are packed. */
async function zipped(dir: string, folder: string): Promise<void> {
  const zip = new ZipFile();
  for (const file of await filesIn(dir)) {
    const name = `${folder}/${relative(dir, file).split(sep).join('/')}`;
    zip.addFile(file, name, { mtime: zipTime, mode: 0o100644, compress: !file.endsWith('.safetensors') });
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(`${dir}.zip`));
}

async function filesIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort();
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path);
  if (found.isFile()) return found.size;
  let bytes = 0;
  for (const file of await filesIn(path)) bytes += (await stat(file)).size;
  return bytes;
}
