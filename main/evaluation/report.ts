// Puts the report of an evaluation together from the records of its pictures. Deterministic: the same records and pixels give the same
// report. Knows neither engines nor files; pixels, the evaluator's eye and the index of training pictures come from the caller.
import { setImmediate } from 'node:timers/promises';
import type { CellResult, EvaluateRequest, EvaluationCell, EvaluationReport } from '../contract/evaluation.ts';
import { StudioError } from '../contract/errors.ts';
import type { ModelInfo, Warning } from '../contract/schemas.ts';
import { adherenceByObjects } from './adherence.ts';
import { nominalPasses, ownTeacherKey, type CountPasses } from './cells.ts';
import { cellPairs, differenceOf } from './differences.ts';
import { frechetInterval } from './frechet.ts';
import type { CopyCheck } from './memorisation.ts';
import { walkPixels, type PixelFindings, type PromptPictures } from './pictures.ts';
import { measureReal, type Eye, type RealPicture } from './real.ts';
import type { ListedPrompt, PictureRecord, ReadPixels } from './record.ts';
import { findSliders, judgeSlider, sliderPairs } from './slider.ts';
import { mean, meanInterval, medianInterval, shareOf } from './statistics.ts';

export interface ReportInput {
  readonly id: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly request: EvaluateRequest;
  /** As planned; `passes` must be what they were planned with, so that controls are found again. */
  readonly cells: readonly EvaluationCell[];
  readonly passes?: CountPasses;
  /** Every model that a cell names, and the teachers of students. */
  readonly models: readonly ModelInfo[];
  readonly prompts: readonly ListedPrompt[];
  /** In any order; of two for one picture the later counts. */
  readonly records: readonly PictureRecord[];
  readonly pixels: ReadPixels;
  readonly eye: Eye;
  /** null where the models did not learn from the Storybook training pictures. */
  readonly memorisation: CopyCheck | null;
  readonly conditions: Pick<EvaluationReport, 'device' | 'threads' | 'runtime' | 'evaluator' | 'evaluatorVersion'>;
  readonly metrics: EvaluationReport['metrics'];
  readonly warnings: readonly Warning[];
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * The report over all prompts that every cell has drawn, so that every number in it is paired with every other.
 * @returns null as long as there is no such prompt
 * @throws StudioError `cancelled`, and what reading the pixels throws
 */
export async function buildReport(input: ReportInput): Promise<EvaluationReport | null> {
  const { request, cells, models, signal } = input;
  const pictures = completePrompts(input);
  if (pictures.length === 0) return null;
  const total = pictures.length + 2 * cells.length;
  const progress = (done: number): void => input.onProgress?.(done, total);

  const sliders = findSliders(cells, models);
  const taught = cells.flatMap((cell): [string, string][] => {
    const own = teacherCell(cell, input);
    return own === null ? [] : [[cell.key, own]];
  });
  const found = await walkPixels({
    cells, prompts: pictures, pairs: uniquePairs([...taught, ...sliders.flatMap(sliderPairs)]), memorisation: input.memorisation,
    pixels: input.pixels, onPrompt: progress, ...(signal && { signal }),
  });

  const of = (key: string): PictureRecord[] => pictures.map((cellPictures) => cellPictures.get(key)!);
  const real = realPictures(input, pictures);
  const results: CellResult[] = [];
  for (const [i, cell] of cells.entries()) {
    await breathe(signal);
    results.push(cellResult(cell, of(cell.key), await real(cell), found, input));
    progress(pictures.length + i + 1);
  }

  const pairs = cellPairs(cells, request, models, input.passes ?? nominalPasses(request.reflection));
  const differences: EvaluationReport['differences'] = [];
  for (const [i, [a, b]] of pairs.entries()) {
    await breathe(signal);
    const [first, second] = [of(a), of(b)];
    differences.push(differenceOf(first, second, scoredIn([...first, ...second], input), request.resamples));
    progress(pictures.length + cells.length + Math.floor(((i + 1) / pairs.length) * cells.length));
  }
  progress(total);

  const result = new Map(results.map((cell) => [cell.key, cell]));
  return {
    version: 1,
    id: input.id,
    createdAt: input.createdAt,
    request,
    models: models.filter(({ id }) => cells.some(({ model }) => model === id)).map(({ id, hash }) => ({ id, hash })),
    ...input.conditions,
    cells: results,
    differences,
    sliders: sliders.flatMap((slider) => judgeSlider(slider, {
      distances: found.distances,
      adherence: (key) => result.get(key)!.adherence.all?.all.value ?? null,
      saturation: (key) => result.get(key)!.saturation.value,
    }) ?? []),
    metrics: [...input.metrics],
    warnings: [...input.warnings, ...unfinished(pictures.length, input.prompts.length)],
  };
}

/** The pictures of each prompt that every cell has drawn, in the order of the list. */
function completePrompts({ cells, records, prompts }: ReportInput): PromptPictures[] {
  const byPrompt = new Map<number, Map<string, PictureRecord>>();
  for (const record of records) {
    const pictures = byPrompt.get(record.index) ?? new Map<string, PictureRecord>();
    byPrompt.set(record.index, pictures.set(record.cell, record));
  }
  return prompts.flatMap((_, index) => {
    const pictures = byPrompt.get(index);
    return pictures !== undefined && cells.every(({ key }) => pictures.has(key)) ? [pictures] : [];
  });
}

function unfinished(complete: number, wanted: number): Warning[] {
  if (complete === wanted) return [];
  return [{ code: 'unfinished', message: `The report covers the ${complete} of ${wanted} prompts that were drawn in every cell.` }];
}

function teacherCell(cell: EvaluationCell, { cells, models }: Pick<ReportInput, 'cells' | 'models'>): string | null {
  const model = models.find(({ id }) => id === cell.model);
  const key = model === undefined ? null : ownTeacherKey(cell, model);
  return key !== null && cells.some((other) => other.key === key) ? key : null;
}

/** Measures of the prompts' real pictures at a cell's size, once for each size; null where the evaluator does not look at such pictures. */
function realPictures({ prompts, models, eye, signal }: ReportInput, pictures: readonly PromptPictures[]): (cell: EvaluationCell) => Promise<(RealPicture | null)[] | null> {
  const measured = new Map<number, Promise<(RealPicture | null)[]>>();
  return async ({ key, model }) => {
    const info = models.find(({ id }) => id === model);
    if (info === undefined || info.width !== info.height || pictures.every((cells) => cells.get(key)!.features === null)) return null;
    const size = info.width;
    if (!measured.has(size)) measured.set(size, measureReal(prompts, size, eye, signal));
    const all = await measured.get(size)!;
    return pictures.map((cells) => all[cells.get(key)!.index]!);
  };
}

function cellResult(cell: EvaluationCell, records: readonly PictureRecord[], real: (RealPicture | null)[] | null, found: PixelFindings, input: ReportInput): CellResult {
  const { resamples } = input.request;
  const average = (value: (record: PictureRecord) => number): CellResult['ms'] => meanInterval(records.map(value), resamples);
  const compared = records.flatMap(({ features }, i) => (features !== null && real?.[i] ? [{ own: features, real: real[i].features }] : []));
  const known = real?.every((picture) => picture !== null) ? real : null;
  const own = teacherCell(cell, input);
  const distances = own === null ? [] : found.distances(cell.key, own);
  return {
    ...cell,
    nfe: Math.round(medianInterval(records.map(({ nfe }) => nfe)).value),
    count: records.length,
    adherence: adherenceByObjects(records),
    frechet: frechetInterval(compared.map((row) => row.own), compared.map((row) => row.real)),
    memorised: shareOf(found.copies(cell.key)),
    saturation: average(({ saturation }) => saturation),
    contrast: average(({ contrast }) => contrast),
    real: known && { saturation: mean(known.map(({ saturation }) => saturation)), contrast: mean(known.map(({ contrast }) => contrast)) },
    ms: medianInterval(records.map(({ ms }) => ms)),
    distanceToTeacher: distances.length === 0 ? null : meanInterval(distances, resamples),
    scores: Object.fromEntries(scoredIn(records, input).map((id) => [id, average(({ scores }) => scores[id]!)])),
  };
}

/** The registered metrics that gave a number for every one of these pictures. */
function scoredIn(records: readonly PictureRecord[], { metrics }: Pick<ReportInput, 'metrics'>): string[] {
  return metrics.map(({ id }) => id).filter((id) => records.every(({ scores }) => scores[id] !== undefined));
}

function uniquePairs(pairs: readonly [string, string][]): [string, string][] {
  return [...new Map(pairs.map((pair) => [pair.join(' '), pair])).values()];
}

/** Lets the caller's other work run, and stops where it says so. */
async function breathe(signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) throw new StudioError('cancelled', 'The report was stopped.');
  await setImmediate();
}
