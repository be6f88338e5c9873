// What jobs have measured as curves of a chart: one colour for each job, the validation loss dashed, what is smoothed above what was measured.
import type { JobMetrics } from '../../../main/contract/jobs.ts';
import { extended, smoothed } from '../../stores/jobs-metrics.ts';
import type { Curve, Span } from '../charts/curve-data.ts';

/** Names of colours in the design tokens; the open job has the first. */
const colours = ['series-1', 'series-3', 'series-2', 'series-4', 'series-5', 'series-6'] as const;

export interface JobCurves {
  id: string;
  /** Of the student. */
  name: string;
  metrics: JobMetrics;
}

export interface CurveWords {
  loss: (name: string) => string;
  validation: (name: string) => string;
}

/** The jobs' losses, the open job first; its unsmoothed loss stands faintly behind. `share`: see `smoothed`. */
export function lossCurves(jobs: readonly JobCurves[], share: number, words: CurveWords): Curve[] {
  return jobs.flatMap(({ id, name, metrics }, at): Curve[] => {
    const colour = colours[at % colours.length] ?? 'series-1';
    const { step, loss, validation } = metrics;
    const line: Curve = { key: id, label: words.loss(name), colour, dash: 'full', faint: false, marked: step.length === 1, x: step, y: smoothed(loss, share) };
    const raw: Curve = { ...line, key: `${id}:raw`, faint: true, marked: false, y: loss };
    const checked: Curve = { ...line, key: `${id}:validation`, label: words.validation(name), dash: 'dashed', marked: true, x: validation.step, y: validation.loss };
    return [...(at === 0 && share > 0 ? [raw] : []), line, ...(validation.step.length > 0 ? [checked] : [])];
  });
}

export function plainCurve(key: string, label: string, colour: string, x: readonly number[], y: readonly number[]): Curve {
  return { key, label, colour, dash: 'full', faint: false, marked: x.length === 1, x, y };
}

/** The steps that are zoomed to in more detail, with those that came since it was asked for. */
export function withDetail(metrics: JobMetrics, detail: { range: Span; metrics: JobMetrics } | null): JobMetrics {
  const last = detail?.metrics.step.at(-1);
  if (detail === null || last === undefined) return metrics;
  const after = (steps: readonly number[]) => (_: number, n: number): boolean => steps[n]! > last;
  const { step, validation } = metrics;
  return extended(detail.metrics, {
    step: step.filter(after(step)),
    loss: metrics.loss.filter(after(step)),
    gradientNorm: metrics.gradientNorm.filter(after(step)),
    learningRate: metrics.learningRate.filter(after(step)),
    ms: metrics.ms.filter(after(step)),
    validation: { step: validation.step.filter(after(validation.step)), loss: validation.loss.filter(after(validation.step)) },
  });
}
