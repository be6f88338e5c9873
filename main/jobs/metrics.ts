// A job's metrics as columns: read from the logs of its training, cut to a range, put together where there are more than asked for.
// Knows the logs' lines and no files.
import type { JobMetrics, MetricsQuery } from '../contract/jobs.ts';

export interface MetricRow {
  step: number;
  loss: number;
  gradientNorm: number;
  learningRate: number;
  ms: number;
}

export interface ValidationRow {
  step: number;
  loss: number;
}

export function metricsOf(rows: readonly MetricRow[], validation: readonly ValidationRow[]): JobMetrics {
  return {
    step: rows.map(({ step }) => step),
    loss: rows.map(({ loss }) => loss),
    gradientNorm: rows.map(({ gradientNorm }) => gradientNorm),
    learningRate: rows.map(({ learningRate }) => learningRate),
    ms: rows.map(({ ms }) => ms),
    validation: { step: validation.map(({ step }) => step), loss: validation.map(({ loss }) => loss) },
  };
}

/** Rows of a training log. A line that a crash cut off is passed over; of a step that was made again the last record counts. */
export function readTrainingLog(text: string): MetricRow[] {
  return byStep(text, (line) => ({
    step: line['step']!, loss: line['loss']!, gradientNorm: line['gradient_norm']!, learningRate: line['learning_rate']!, ms: line['ms']!,
  }));
}

/** Rows of a validation log, as `readTrainingLog`. */
export function readValidationLog(text: string): ValidationRow[] {
  return byStep(text, (line) => ({ step: line['step']!, loss: line['loss']! }));
}

/** Both kinds of rows within the query's steps, each put together to at most `points`. */
export function condensed(rows: readonly MetricRow[], validation: readonly ValidationRow[], query: Pick<MetricsQuery, 'from' | 'to' | 'points'>): JobMetrics {
  const within = ({ step }: { step: number }) => step >= query.from && step <= (query.to ?? Infinity);
  return metricsOf(putTogether(rows.filter(within), query.points), putTogether(validation.filter(within), query.points));
}

/** Neighbouring rows as their mean, at the step of the last of them; as even shares as whole rows allow. */
function putTogether<R extends { step: number }>(rows: readonly R[], points: number): R[] {
  if (rows.length <= points) return [...rows];
  return Array.from({ length: points }, (_, i) => {
    const share = rows.slice(Math.floor((i * rows.length) / points), Math.floor(((i + 1) * rows.length) / points));
    const mean = (key: keyof R) => share.reduce((sum, row) => sum + (row[key] as number), 0) / share.length;
    const keys = Object.keys(share[0]!) as (keyof R)[];
    return { ...Object.fromEntries(keys.map((key) => [key, mean(key)])), step: share.at(-1)!.step } as R;
  });
}

function byStep<R extends { step: number }>(text: string, read: (line: Record<string, number>) => R): R[] {
  const rows = new Map<number, R>();
  for (const line of text.split('\n')) {
    const row = parsed(line, read);
    if (row !== null) rows.set(row.step, row);
  }
  return [...rows.values()].sort((a, b) => a.step - b.step);
}

function parsed<R extends { step: number }>(line: string, read: (line: Record<string, number>) => R): R | null {
  try {
    const row = read(JSON.parse(line) as Record<string, number>);
    return Object.values(row).every((value) => typeof value === 'number') ? row : null;
  } catch {
    return null;
  }
}
