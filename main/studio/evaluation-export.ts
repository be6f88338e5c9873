// Gives an evaluation away: its report, charts, sheets, records and pictures in a folder of a person's choice; and reads what a person
// gives to one: a file of prompts, a published file of records to compare with. Reads the library's folders only.
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { z } from 'zod';
import { writeFileAtomic } from '../checkpoints/atomic.ts';
import { fileError } from '../checkpoints/errors.ts';
import { readText } from '../checkpoints/json.ts';
import { StudioError } from '../contract/errors.ts';
import { EvaluatedPicture, type EvaluationPrompt, type EvaluationReport } from '../contract/evaluation.ts';
import { reportFiles } from '../evaluation/files.ts';
import { parsePrompts } from '../evaluation/prompts.ts';
import type { ReadPixels } from '../evaluation/record.ts';
import { decodePng } from '../library/images/png.ts';
import { EvaluationStore } from './evaluation-files.ts';
import { readRecords, type StoredRecord } from './evaluation-log.ts';
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
const PublishedRecord = EvaluatedPicture.pick({ cell: true, index: true, prompt: true, seed: true, facts: true });
type PublishedRecord = z.infer<typeof PublishedRecord>;

export interface FactsCheck {
  /** Pictures that both have. */
  readonly compared: number;
  /** Pictures of the evaluation that the published file does not have. */
  readonly unpublished: number;
  /** In words, one for each picture that differs. */
  readonly differences: string[];
}

/**
 * Compares the facts of an evaluation with published ones, picture by picture.
 * @throws StudioError 'not-found', 'corrupt-file' naming the line; 'invalid-input' when the two have no picture in common
 */
export async function checkFacts(records: readonly StoredRecord[], path: string): Promise<FactsCheck> {
  const known = new Map((await publishedRecords(path)).map((record) => [pictureKey(record.cell, record.index), record]));
  const pairs = records.flatMap((record) => {
    const other = known.get(pictureKey(record.cell, record.index));
    return other === undefined ? [] : [[record, other] as const];
  });
  if (pairs.length === 0) {
    throw new StudioError('invalid-input', `${path} has no picture of this evaluation's cells.`, { hint: 'Evaluate the models, scales, samplers and steps that were published.' });
  }
  return { compared: pairs.length, unpublished: records.length - pairs.length, differences: pairs.flatMap(([own, other]) => differenceOf(own, other) ?? []) };
}

function differenceOf(own: PublishedRecord, other: PublishedRecord): string | null {
  const name = `${own.cell} #${own.index}`;
  if (own.prompt !== other.prompt || own.seed !== other.seed) {
    return `${name}: "${own.prompt}" with seed ${own.seed}; published is "${other.prompt}" with seed ${other.seed}`;
  }
  const facts = new Set([...Object.keys(own.facts ?? {}), ...Object.keys(other.facts ?? {})] as (keyof NonNullable<PublishedRecord['facts']>)[]);
  const told = [...facts].filter((fact) => own.facts?.[fact] !== other.facts?.[fact])
    .map((fact) => `${fact} is ${inWords(own.facts?.[fact])}, published as ${inWords(other.facts?.[fact])}`);
  return told.length === 0 ? null : `${name}: ${told.join('; ')}`;
}

const inWords = (held: boolean | undefined): string => (held === undefined ? 'not judged' : held ? 'right' : 'wrong');

async function publishedRecords(path: string): Promise<PublishedRecord[]> {
  const lines = (await readText(path, largestFile)).split('\n');
  return lines.flatMap((line, number) => {
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
