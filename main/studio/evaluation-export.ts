// Gives an evaluation away: its report, charts, sheets, records and pictures in a folder of a person's choice; and reads what a person
// gives to one: a file of prompts, a published file of records to compare with. Reads the library's folders only.
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { writeFileAtomic } from '../checkpoints/atomic.ts';
import { exists } from '../checkpoints/component.ts';
import { fileError } from '../checkpoints/errors.ts';
import { readText } from '../checkpoints/json.ts';
import { StudioError } from '../contract/errors.ts';
import { EvaluatedPicture, type EvaluationPrompt, type EvaluationReport } from '../contract/evaluation.ts';
import { compareFacts, isFactsFile, readFacts, type FactsComparison, type PictureFacts } from '../evaluation/facts.ts';
import { reportFiles } from '../evaluation/files.ts';
import { parsePrompts } from '../evaluation/prompts.ts';
import type { ReadPixels } from '../evaluation/record.ts';
import { decodePng } from '../library/images/png.ts';
import { EvaluationStore } from './evaluation-files.ts';
import { readRecords, StoredRecord } from './evaluation-log.ts';
import { pictureKey } from './evaluation-order.ts';

/** 20,000 prompts of 2000 characters each, four bytes a character. */
const largestFile = 160_000_000;

/** A file of prompts. Throws StudioError naming the file and the line. */
export async function promptsOfFile(path: string): Promise<EvaluationPrompt[]> {
  const text = Buffer.from(await readText(path, largestFile));
  try {
    return parsePrompts(text);
  } catch (thrown) {
    if (!(thrown instanceof StudioError)) throw thrown;
    throw new StudioError(thrown.code, `${path}: ${thrown.message}`, { cause: thrown, ...(thrown.hint !== undefined && { hint: thrown.hint }) });
  }
}

/** The records of an evaluation, each picture once. Throws StudioError: 'not-found', 'permission'. */
export async function recordsOf(libraryDir: string, id: string): Promise<StoredRecord[]> {
  const { records } = await readRecords(new EvaluationStore(libraryDir).folder(id).records);
  return [...new Map(records.map((record) => [pictureKey(record.cell, record.index), record])).values()];
}

/**
 * Writes the report's files, `records.jsonl` and `pictures/` into `out`, creating it. Every file is whole or absent.
 * @returns the folder's absolute path
 * @throws StudioError: 'disk-full', 'permission', 'not-found' for an evaluation without pictures
 */
export async function exportEvaluation(libraryDir: string, report: EvaluationReport, out: string): Promise<string> {
  const target = resolve(out);
  const folder = new EvaluationStore(libraryDir).folder(report.id);
  const records = await recordsOf(libraryDir, report.id);
  const pixels: ReadPixels = async ({ cell, index }) => decodePng(await contentOf(folder.picture(cell, index)));
  await folderOf(target);
  for await (const { name, content } of reportFiles(report, records, pixels)) await writeFileAtomic(join(target, name), content);
  await writeFileAtomic(join(target, 'records.jsonl'), records.map((record) => `${JSON.stringify(published(record))}\n`).join(''));
  for (const { cell, index } of records) await copyPicture(folder.picture(cell, index), join(target, 'pictures', cell, `${index}.png`));
  return target;
}

/** Without the features: they are four fifths of a record, and follow from the picture. */
function published({ features: _, ...record }: StoredRecord): Omit<StoredRecord, 'features'> {
  return record;
}

/** What a published record must have to be compared with; further keys are its own business. */
const PublishedRecord = EvaluatedPicture.pick({ cell: true, index: true, prompt: true, seed: true, facts: true }).extend(StoredRecord.pick({ evaluatorVersion: true }).shape);
type PublishedRecord = z.infer<typeof PublishedRecord>;

/** `otherEvaluator`: some of the facts were read by another version than those they are compared with, so a difference need not be the pictures'. */
export type FactsCheck = FactsComparison & { readonly otherEvaluator: boolean };

/**
 * Compares the facts of an evaluation with published ones, picture by picture: with a file of facts, or with the records.jsonl of an export.
 * @throws StudioError 'not-found', 'corrupt-file' naming the line; 'invalid-input' when the two have no picture in common
 */
export async function checkFacts(records: readonly StoredRecord[], path: string): Promise<FactsCheck> {
  const text = await readText(path, largestFile);
  const published = publishedFacts(text, path);
  const comparison = compareFacts(records, published.pictures);
  const versions = new Set([...published.evaluatorVersions, ...records.map(({ evaluatorVersion }) => evaluatorVersion)]);
  if (comparison.compared > 0) return { ...comparison, otherEvaluator: versions.size > 1 };
  throw new StudioError('invalid-input', `${path} has no picture of this evaluation's cells.`, { hint: 'Evaluate the models, scales, samplers and steps that were published.' });
}

function publishedFacts(text: string, path: string): { pictures: readonly PictureFacts[]; evaluatorVersions: readonly (number | undefined)[] } {
  if (isFactsFile(text)) {
    const { head, pictures } = readFacts(text);
    return { pictures, evaluatorVersions: [head.evaluatorVersion] };
  }
  const pictures = publishedRecords(text, path);
  return { pictures, evaluatorVersions: pictures.map(({ evaluatorVersion }) => evaluatorVersion) };
}

export interface PublishedCheck {
  /** null where nothing is published of these cells and prompts. */
  readonly comparison: FactsComparison | null;
  /** Models in the cells whose published facts are of other weights. */
  readonly otherWeights: string[];
  /** The published facts were read by another version of the evaluator, so a difference need not be the pictures'. */
  readonly otherEvaluator: boolean;
}

/**
 * The same with the project's own file of facts, over the published prompts and the cells whose models have the weights that were published.
 * @returns null where there is no such file
 * @throws StudioError 'corrupt-file', 'permission'
 */
export async function checkPublished(report: EvaluationReport, records: readonly StoredRecord[], path: string): Promise<PublishedCheck | null> {
  if (!(await exists(path))) return null;
  const { head, pictures } = readFacts(await readText(path, largestFile));
  const published = report.models.filter(({ id }) => head.models[id] !== undefined);
  const alike = new Set(published.filter(({ id, hash }) => head.models[id] === hash).map(({ id }) => id));
  const sameReflection = isDeepStrictEqual(head.reflection, report.request.reflection);
  const keys = new Set(report.cells.filter(({ model, sampler }) => alike.has(model) && (sampler === 'euler' || sameReflection)).map(({ key }) => key));
  const prompts = new Map(pictures.map((picture) => [picture.index, picture]));
  const own = records.filter(({ cell, index, prompt, seed }) => keys.has(cell) && prompts.get(index)?.prompt === prompt && prompts.get(index)?.seed === seed);
  const comparison = compareFacts(own, pictures);
  return { comparison: comparison.compared === 0 ? null : comparison, otherWeights: published.flatMap(({ id }) => (alike.has(id) ? [] : [id])), otherEvaluator: head.evaluatorVersion !== report.evaluatorVersion };
}

function publishedRecords(text: string, path: string): PublishedRecord[] {
  return text.split('\n').flatMap((line, number) => {
    if (line.trim() === '') return [];
    const record = PublishedRecord.safeParse(parsedJson(line)).data;
    if (record === undefined) throw new StudioError('corrupt-file', `${path}: line ${number + 1} is no record of a judged picture.`);
    return [record];
  });
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function contentOf(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (thrown) {
    throw fileError(thrown, path);
  }
}

async function folderOf(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (thrown) {
    throw fileError(thrown, path);
  }
}

async function copyPicture(from: string, to: string): Promise<void> {
  await folderOf(dirname(to));
  await writeFileAtomic(to, await contentOf(from));
}
