// Puts the report of an evaluation's folder together: its plan, its records and its pixels, handed to the report as data.
// Runs in the evaluation process; may be asked at any time, also of an evaluation that stopped half-way.
import { readFile } from 'node:fs/promises';
import { fileError } from '../checkpoints/errors.ts';
import { StudioError } from '../contract/errors.ts';
import type { EvaluationReport } from '../contract/evaluation.ts';
import type { Warning } from '../contract/schemas.ts';
import { MemorisationCheck, type CopyCheck } from '../evaluation/memorisation.ts';
import type { Pixels } from '../evaluation/record.ts';
import { buildReport } from '../evaluation/report.ts';
import { TrainingIndex } from '../evaluation/training-index.ts';
import { decodePng, sha256 } from '../library/images/png.ts';
import { passCounter } from './evaluation-cost.ts';
import { evaluatorVersion } from '../storybook/evaluator.ts';
import { eye, trust } from './evaluation-eye.ts';
import { EvaluationFolder, type PlannedEvaluation } from './evaluation-files.ts';
import { readRecords, type StoredRecord } from './evaluation-log.ts';
import type { ReportJob } from './evaluation-messages.ts';
import { pictureKey } from './evaluation-order.ts';

/** Size of the pictures that Storybook models learn from, pixels along a side. */
const trainingSize = 128;

/**
 * The report over the prompts that every cell has drawn; null when there is none yet.
 * @throws StudioError `corrupt-file` for a picture that is not the one that was judged; 'not-found', 'disk-full', 'permission'
 */
export async function reportOf({ dir, sketches, cacheDir, warnings }: ReportJob, onProgress: (secondsLeft: number) => void = () => {}): Promise<EvaluationReport | null> {
  const folder = new EvaluationFolder(dir);
  const plan = await folder.plan();
  const { records } = await readRecords(folder.records);
  const [first] = records;
  if (first === undefined) return null;
  const hashes = new Map(records.map(({ cell, index, pixelSha256 }) => [pictureKey(cell, index), pixelSha256]));
  const { id, createdAt, request, cells, prompts, models, shifts, metrics } = plan;
  return buildReport({
    id, createdAt, request, cells: cells.map(({ nfe: _, ...cell }) => cell), prompts, models, records, eye,
    passes: passCounter(shifts, request.reflection),
    pixels: ({ cell, index }) => readPixels(folder.picture(cell, index), hashes.get(pictureKey(cell, index))),
    memorisation: canBeCopies(plan) ? await copyCheck(sketches, cacheDir, onProgress) : null,
    conditions: { device: first.device, threads: first.threads, runtime: first.runtime, evaluator: trust, evaluatorVersion: versionsOf(records).length === 1 ? first.evaluatorVersion : undefined },
    // A metric that failed at one picture gives no column.
    metrics: metrics.filter(({ id: metric }) => records.every(({ scores }) => scores[metric] !== undefined)).map(({ hash: _, ...metric }) => metric),
    warnings: [...plan.warnings, ...warnings, ...mixedConditions(records), ...otherEvaluators(records), ...trainedBeside(records)],
    onProgress: foresight(onProgress),
  });
}

/** By the sketches; where they are missing or out of date, by the training pictures themselves, which are drawn for it once. */
async function copyCheck(sketches: string, cacheDir: string, onProgress: (secondsLeft: number) => void): Promise<CopyCheck> {
  return (await TrainingIndex.open(sketches)) ?? MemorisationCheck.open(cacheDir, { onProgress: foresight(onProgress) });
}

/** Tells the time that is left of a part of the work, now and then, by its pace so far. */
function foresight(tell: (secondsLeft: number) => void): (done: number, total: number) => void {
  const began = performance.now();
  let told = began;
  return (done, total) => {
    const now = performance.now();
    if (done === 0 || now - told < 1000) return;
    told = now;
    tell(((now - began) / done) * (total - done) / 1000);
  };
}

/** Prompts of that world, and pictures as large as those of its training: only then is there something to have learned by heart. And somebody wants to know. */
function canBeCopies({ request, prompts, models, cells }: PlannedEvaluation): boolean {
  const drawn = models.filter(({ id }) => cells.some(({ model }) => model === id));
  return request.copies !== false && prompts.some(({ facts }) => facts !== null) && drawn.every(({ width, height }) => width === trainingSize && height === trainingSize);
}

async function readPixels(path: string, judged: string | undefined): Promise<Pixels> {
  let png: Buffer;
  try {
    png = await readFile(path);
  } catch (thrown) {
    throw fileError(thrown, path);
  }
  const picture = await decodePng(png);
  if (judged === sha256(picture.rgb)) return picture;
  throw new StudioError('corrupt-file', `The picture ${path} is not the one that was judged.`, { hint: 'Delete it and resume the evaluation: it is drawn again.' });
}

function mixedConditions(records: readonly StoredRecord[]): Warning[] {
  const conditions = new Set(records.map(({ device, threads, runtime }) => `${device} with ${threads} threads (ONNX Runtime ${runtime})`));
  if (conditions.size === 1) return [];
  return [{ code: 'mixed-conditions', message: `Its pictures were drawn under different conditions, so their times cannot be compared: ${[...conditions].join('; ')}.` }];
}

/** Of the evaluators that have judged the pictures; before versions were counted: undefined. */
const versionsOf = (records: readonly StoredRecord[]): (number | undefined)[] => [...new Set(records.map(({ evaluatorVersion }) => evaluatorVersion))];

function otherEvaluators(records: readonly StoredRecord[]): Warning[] {
  const others = versionsOf(records).filter((version) => version !== evaluatorVersion);
  if (others.length === 0) return [];
  const which = others.length === versionsOf(records).length ? 'Its pictures' : 'Some of its pictures';
  return [{ code: 'other-evaluator', message: `${which} were judged by another version of the evaluator than this studio's, whose accuracy stands below. Evaluate anew to compare their facts with others.` }];
}

function trainedBeside(records: readonly StoredRecord[]): Warning[] {
  const count = records.filter(({ beside }) => beside).length;
  if (count === 0) return [];
  return [{
    code: 'training-beside',
    message: `A student was being trained while ${count} of the ${records.length} pictures were drawn: their times are longer than alone, and not to be compared with those of other evaluations.`,
  }];
}
