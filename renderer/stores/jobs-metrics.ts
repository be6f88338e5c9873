// What a job has measured, as it grows, and how it is smoothed for the eye. Pure.
import type { JobMetrics } from '../../main/contract/jobs.ts';

export const noMetrics: JobMetrics = { step: [], loss: [], gradientNorm: [], learningRate: [], ms: [], validation: { step: [], loss: [] } };

/** More rows than a chart can show: they are asked for anew, put together. */
export const mostRows = 5000;

/**
 * With the rows that were told. A job that goes on from a checkpoint does some steps again: what was known of them and of all
 * later ones is forgotten.
 */
export function extended(known: JobMetrics, told: JobMetrics): JobMetrics {
  const keep = countBefore(known.step, told.step[0]);
  const keepValidation = countBefore(known.validation.step, earlier(told.step[0], told.validation.step[0]));
  const column = (name: 'step' | 'loss' | 'gradientNorm' | 'learningRate' | 'ms'): number[] => [...known[name].slice(0, keep), ...told[name]];
  return {
    step: column('step'), loss: column('loss'), gradientNorm: column('gradientNorm'), learningRate: column('learningRate'), ms: column('ms'),
    validation: {
      step: [...known.validation.step.slice(0, keepValidation), ...told.validation.step],
      loss: [...known.validation.loss.slice(0, keepValidation), ...told.validation.loss],
    },
  };
}

function countBefore(steps: readonly number[], step: number | undefined): number {
  if (step === undefined) return steps.length;
  const first = steps.findIndex((known) => known >= step);
  return first < 0 ? steps.length : first;
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

/** Running mean with weight `share` (0 to below 1) on what came before; the beginning is not drawn towards zero. */
export function smoothed(values: readonly number[], share: number): number[] {
  let mean = 0;
  let weight = 0;
  return values.map((value) => {
    if (!Number.isFinite(value)) return value;
    mean = share * mean + (1 - share) * value;
    weight = share * weight + (1 - share);
    return mean / weight;
  });
}
