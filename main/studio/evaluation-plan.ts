// From a request to what will be drawn: models found and checked, cells with their passes, prompts with their facts.
// Reads models through the services; draws nothing and stores nothing.
import { randomBytes } from 'node:crypto';
import { StudioError } from '../contract/errors.ts';
import type { EvaluateRequest, EvaluationPlan } from '../contract/evaluation.ts';
import type { ModelInfo, Warning } from '../contract/schemas.ts';
import { planCells } from '../evaluation/cells.ts';
import { listPrompts } from '../evaluation/prompts.ts';
import { estimateSeconds, passCounter, type Timing } from './evaluation-cost.ts';
import { newEvaluationId, type PlannedEvaluation } from './evaluation-files.ts';
import { registeredMetrics } from './evaluation-metrics.ts';
import type { Services } from './services.ts';

/** More would fill a disk and take weeks. */
const mostPictures = 1_000_000;

/** Throws StudioError: 'not-found' and 'corrupt-file' for models, 'invalid-input' when there is nothing to draw or far too much. */
export async function planEvaluation(request: EvaluateRequest, { models, library }: Pick<Services, 'models' | 'library'>): Promise<PlannedEvaluation> {
  const known = await models.list();
  const shifts = await shiftsOf(request, known, models);
  const count = passCounter(shifts, request.reflection);
  const { cells, warnings } = planCells(request, known, count);
  const prompts = listPrompts(request);
  if (cells.length * prompts.length > mostPictures) {
    throw new StudioError('invalid-input', `This evaluation has ${cells.length * prompts.length} pictures; ${mostPictures} is the most.`, {
      hint: 'Choose fewer prompts, models or guidance scales.',
    });
  }
  const involved = new Set(cells.flatMap(({ model }) => [model, known.find(({ id }) => id === model)?.teacher]));
  const metrics = await registeredMetrics(library.dir);
  return {
    version: 1,
    id: newEvaluationId(new Date(), randomBytes(2).toString('hex')),
    createdAt: new Date().toISOString(),
    request,
    cells: cells.map((cell) => ({ ...cell, nfe: count(cell) })),
    prompts,
    models: known.filter(({ id }) => involved.has(id)).map((model) => ({ ...model, card: null })),
    shifts,
    metrics: metrics.flatMap(({ info: { id, name, higherIsBetter }, ref }) => (ref === null ? [] : [{ id, name, higherIsBetter, hash: ref.hash }])),
    warnings: [...warnings, ...tooFewPrompts(prompts.length, request), ...unusableMetrics(metrics)],
  };
}

/** What a person is told before it starts. `timings`: of pictures drawn before, the newest first. */
export function summaryOf({ cells, prompts, warnings }: PlannedEvaluation, timings: readonly Timing[]): EvaluationPlan {
  return {
    cells,
    prompts: prompts.length,
    pictures: cells.length * prompts.length,
    passes: prompts.length * cells.reduce((sum, { nfe }) => sum + nfe, 0),
    seconds: estimateSeconds(cells, prompts.length, timings),
    warnings,
  };
}

/** Of the models asked for and of their teachers, which controls may draw with. What cannot be opened is complained of with the cells. */
async function shiftsOf({ models: asked }: EvaluateRequest, known: readonly ModelInfo[], models: Services['models']): Promise<Record<string, number>> {
  const named = known.filter(({ id, problem }) => asked.includes(id) && problem === null);
  const ids = new Set(named.flatMap(({ id, teacher }) => [id, ...(teacher === null ? [] : [teacher])]));
  const usable = known.filter(({ id, problem }) => ids.has(id) && problem === null);
  return Object.fromEntries(await Promise.all(usable.map(async ({ id }) => [id, await models.shift(id)] as const)));
}

function tooFewPrompts(found: number, { count }: EvaluateRequest): Warning[] {
  if (found >= count) return [];
  return [{ code: 'few-prompts', message: `The list has ${found} prompts, not ${count}.` }];
}

function unusableMetrics(metrics: Awaited<ReturnType<typeof registeredMetrics>>): Warning[] {
  return metrics.flatMap(({ info }) => (info.problem === null ? [] : [{ code: 'metric-dropped', message: `The metric ${info.id} is left out: ${info.problem}` }]));
}
