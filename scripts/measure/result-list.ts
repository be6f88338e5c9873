// Which evaluations the published results are made of. All are of the first held-out prompts, so that their pictures can be compared.
import type { z } from 'zod';
import { EvaluateRequest, type EvaluationCell } from '../../main/contract/evaluation.ts';
import type { ModelInfo } from '../../main/contract/schemas.ts';
import { nominalPasses, planCells } from '../../main/evaluation/cells.ts';

export interface PlannedResult {
  /** Names its files. */
  readonly name: string;
  readonly says: string;
  readonly request: EvaluateRequest;
}

const plain = ['storybook', 'storybook-teefusion', 'storybook-distillcfg'];

const wanted: readonly { name: string; says: string; request: z.input<typeof EvaluateRequest> }[] = [
  { name: 'headline', says: 'students beside their teacher, a thousand pairs', request: { models: plain, guidance: [3, 5, 7], count: 1000 } },
  { name: 'curves', says: 'the guidance scale from end to end', request: { models: plain, guidance: [1, 2, 3, 4, 5, 7, 9], count: 128 } },
  { name: 'teacher', says: 'the teacher at 30 steps', request: { models: ['storybook'], guidance: [2, 3, 4, 5], steps: 30, count: 512, controls: false } },
  { name: 'z-sampling', says: 'Z-Sampling, its student, CFG at the effective scale', request: { models: ['storybook', 'storybook-teefusion-z'], samplers: ['z-sampling'], guidance: [1, 2, 3, 5], count: 128 } },
  { name: 'w2sd', says: 'W2SD, its student, CFG at the effective scale', request: { models: ['storybook', 'storybook-teefusion-w2sd'], samplers: ['w2sd'], guidance: [1, 2, 3, 5], count: 128 } },
];

/** The evaluations that can be made with these models: none without the teacher, and without the students that are not there. */
export function plannedResults(models: readonly ModelInfo[]): { planned: PlannedResult[]; missing: string[] } {
  const there = new Set(models.filter(({ problem }) => problem === null).map(({ id }) => id));
  const missing = [...new Set(wanted.flatMap(({ request }) => request.models.filter((id) => !there.has(id))))];
  if (!there.has('storybook')) return { planned: [], missing };
  const planned = wanted.map(({ name, says, request }) => ({ name, says, request: EvaluateRequest.parse({ ...request, models: request.models.filter((id) => there.has(id)) }) }));
  return { planned, missing };
}

/** Measured on two cores of a Xeon with AVX-512 beside little else: a pass, a picture's decoding, its judging and storing, and a prompt's share of the report. */
const cost = { passMs: 4.9, studentPassMs: 5.5, decodeMs: 14, judgeMs: 33, promptMs: 120 };

/** Minutes on two idle cores. */
export function minutesOf({ request }: PlannedResult, models: readonly ModelInfo[]): { pictures: number; minutes: number } {
  const passes = nominalPasses(request.reflection);
  const { cells } = planCells(request, models, passes);
  const ms = (cell: EvaluationCell): number => passes(cell) * (passes(cell) === cell.steps ? cost.studentPassMs : cost.passMs) + cost.decodeMs + cost.judgeMs;
  const each = cells.reduce((sum, cell) => sum + ms(cell), 0) + cost.promptMs;
  return { pictures: cells.length * request.count, minutes: (each * request.count) / 60_000 };
}
