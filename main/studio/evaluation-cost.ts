// What an evaluation costs: passes of each cell by the models' own schedules, and the time they will take by what pictures took before.
// Pure: knows schedules and samplers, no engine and no files.
import type { EvaluationCell } from '../contract/evaluation.ts';
import type { Reflection } from '../contract/schemas.ts';
import { flowMatchSigmas } from '../diffusion/schedule.ts';
import { planSampling, scalesOfStep } from '../diffusion/samplers.ts';

type Drawn = Pick<EvaluationCell, 'model' | 'kind' | 'sampler' | 'guidance' | 'steps'>;

/**
 * NFE of a cell's picture, counted as the pipeline will: step by step, with the guard that keeps late steps from reflecting.
 * @param shifts the schedule's shift of each model; one that is not listed counts as 1
 */
export function passCounter(shifts: Readonly<Record<string, number>>, reflection: Reflection): (cell: Drawn) => number {
  const branches = (scale: number): number => (scale === 0 || scale === 1 ? 1 : 2);
  return ({ model, kind, sampler, guidance, steps }) => {
    if (kind === 'student') return steps;
    const plan = planSampling(sampler, guidance, reflection);
    const sigmas = flowMatchSigmas(steps, shifts[model] ?? 1);
    let passes = 0;
    for (let i = 0; i < steps; i++) for (const scale of scalesOfStep(plan, sigmas, i)) passes += branches(scale);
    return passes;
  };
}

/** A picture that was drawn before. */
export interface Timing {
  readonly model: string;
  readonly nfe: number;
  readonly ms: number;
}

/** Besides sampling and decoding: judging a picture and storing it. */
const overheadMs = 60;

/** Seconds for `prompts` pictures of every cell; null when one of their models was never timed. */
export function estimateSeconds(cells: readonly (Drawn & { nfe: number })[], prompts: number, timings: readonly Timing[]): number | null {
  let ms = 0;
  for (const { model, nfe } of cells) {
    const perPass = timings.filter((timing) => timing.model === model).map((timing) => timing.ms / timing.nfe).sort((a, b) => a - b);
    if (perPass.length === 0) return null;
    ms += perPass[perPass.length >> 1]! * nfe + overheadMs;
  }
  return (ms * prompts) / 1000;
}
