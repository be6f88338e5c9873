// The learning curve of a training: shares of right pictures by steps and hours, as rows of a CSV file, and what an hour more bought. Pure.
import { z } from 'zod';
import type { Share } from '../../main/contract/evaluation.ts';
import { wilson } from '../../main/evaluation/statistics.ts';
import { share, signed } from '../../main/evaluation/words.ts';

/** One snapshot of a training. */
export interface CurvePoint {
  readonly model: string;
  readonly step: number;
  /** Inside the steps of the training. */
  readonly hours: number;
  readonly guidance: number;
  readonly steps: number;
  /** Pictures with every fact right, of held-out prompts. */
  readonly one: Share;
  readonly two: Share;
}

const columns = ['model', 'step', 'hours', 'guidance', 'sampling_steps', 'one_right', 'one_asked', 'two_right', 'two_asked'] as const;

export function curveCsv(points: readonly CurvePoint[]): string {
  const rows = points.map(({ model, step, hours, guidance, steps, one, two }) => [model, step, hours.toFixed(3), guidance, steps, one.right, one.asked, two.right, two.asked]);
  return [columns, ...rows].map((row) => `${row.join(',')}\n`).join('');
}

const count = z.coerce.number().int().min(0);
const Row = z.tuple([z.string().min(1), count, z.coerce.number(), z.coerce.number(), count, count, count.min(1), count, count.min(1)]);

/** @throws Error naming the line that is none of a curve's */
export function readCurve(csv: string): CurvePoint[] {
  const [header, ...lines] = csv.trimEnd().split(/\r?\n/);
  if (header !== columns.join(',')) throw new Error('Line 1 is not the header of a learning curve.');
  return lines.map((line, i) => {
    const row = Row.safeParse(line.split(','));
    if (!row.success) throw new Error(`Line ${i + 2} is no point of a learning curve.`);
    const [model, step, hours, guidance, steps, oneRight, oneAsked, twoRight, twoAsked] = row.data;
    return { model, step, hours, guidance, steps, one: wilson(oneRight, oneAsked), two: wilson(twoRight, twoAsked) };
  });
}

/** The points with one more, by model and step; one that was measured the same way before is replaced. */
export function withPoint(points: readonly CurvePoint[], point: CurvePoint): CurvePoint[] {
  const others = points.filter((known) => !(['model', 'step', 'guidance', 'steps'] as const).every((key) => known[key] === point[key]));
  return [...others, point].sort((a, b) => (a.model < b.model ? -1 : a.model > b.model ? 1 : a.step - b.step || a.guidance - b.guidance));
}

/** Points of the two shares between the last two snapshots of a model, for an hour of training; null for less than two. */
export function lastHour(points: readonly CurvePoint[]): string | null {
  const [before, last] = points.slice(-2);
  if (before === undefined || last === undefined || last.hours <= before.hours) return null;
  const hours = last.hours - before.hours;
  const bought = (a: Share, b: Share): string => {
    const spread = Math.hypot((a.high - a.low) / 2, (b.high - b.low) / 2);
    const value = b.value - a.value;
    return signed({ value, low: value - spread, high: value + spread }, 1, 100 / hours);
  };
  return `From step ${before.step} to ${last.step} (${hours.toFixed(2)} h) an hour bought ${bought(before.one, last.one)} points with one object, ${bought(before.two, last.two)} with two.`;
}

/** For a table: model, step, hours, the two shares. */
export const curveRow = ({ model, step, hours, guidance, one, two }: CurvePoint): string[] => [model, String(step), hours.toFixed(2), String(guidance), share(one), share(two)];
