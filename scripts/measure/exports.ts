// Evaluations as `studio evaluate --out DIR` wrote them: report, judged pictures and pixels, read back.
import path from 'node:path';
import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { readJson, readText } from '../../main/checkpoints/json.ts';
import { EvaluationReport } from '../../main/contract/evaluation.ts';
import { StudioError } from '../../main/contract/errors.ts';
import { PictureRecord, type ReadPixels } from '../../main/evaluation/record.ts';
import { decodePng } from '../../main/library/images/png.ts';

/** A record without the features, which an export leaves out. */
const ExportedRecord = PictureRecord.omit({ features: true });

export interface EvaluationExport {
  /** What it is called among others. */
  readonly name: string;
  readonly dir: string;
  readonly report: EvaluationReport;
  readonly records: readonly PictureRecord[];
  readonly pixels: ReadPixels;
}

const largest = 400_000_000;

/** Throws StudioError `not-found`, `corrupt-file` naming file and line. */
export async function readExport(name: string, dir: string): Promise<EvaluationExport> {
  const report = await readJson(path.join(dir, 'report.json'), EvaluationReport);
  const file = path.join(dir, 'records.jsonl');
  const records = (await readText(file, largest)).split('\n').flatMap((line, number) => (line === '' ? [] : [{ ...parseLine(line, file, number), features: null }]));
  return { name, dir, report, records, pixels: async ({ cell, index }) => decodePng(await readFile(path.join(dir, 'pictures', cell, `${index}.png`))) };
}

function parseLine(line: string, file: string, number: number): z.infer<typeof ExportedRecord> {
  try {
    return ExportedRecord.parse(JSON.parse(line));
  } catch (cause) {
    throw new StudioError('corrupt-file', `${file}: line ${number + 1} is no record of a judged picture.`, { cause });
  }
}

/** Arguments such as `headline=DIR`. @throws Error for anything else, and for a name that comes twice or is no file name */
export function namedFolders(given: readonly string[]): { name: string; dir: string }[] {
  const named = given.map((argument) => {
    const [, name, dir] = /^([a-z0-9][a-z0-9-]*)=(.+)$/.exec(argument) ?? [];
    if (name === undefined || dir === undefined) throw new Error(`Say each evaluation as NAME=DIR, NAME in small letters, not '${argument}'.`);
    return { name, dir: path.resolve(dir) };
  });
  if (new Set(named.map(({ name }) => name)).size < named.length) throw new Error('Two evaluations have the same name.');
  return named;
}
