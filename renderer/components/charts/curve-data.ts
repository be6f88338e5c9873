// Long curves over one x axis, each with points of its own, as the columns that the chart library draws from. Pure.
import { limitsOf, type Dash } from './plot-data.ts';

export interface Curve {
  key: string;
  label: string;
  /** Name of a colour in the design tokens. */
  colour: string;
  dash: Dash;
  /** Drawn faintly, below the others, and left out of the legend and of what is read out. */
  faint: boolean;
  /** Whether its points are marked; else they are joined only. */
  marked: boolean;
  /** Ascending. */
  x: readonly number[];
  y: readonly number[];
}

/** Every x that occurs, and for each curve its values there; null where it has none, or none that can be drawn. */
export function alignedCurves(curves: readonly Curve[], log: boolean): { x: number[]; y: (number | null)[][] } {
  const x = [...new Set(curves.flatMap((curve) => curve.x))].sort((a, b) => a - b);
  const rows = new Map(x.map((value, row) => [value, row]));
  const y = curves.map((curve) => {
    const column = new Array<number | null>(x.length).fill(null);
    curve.x.forEach((at, n) => {
      const value = curve.y[n] ?? Number.NaN;
      if (Number.isFinite(value) && (!log || value > 0)) column[rows.get(at) ?? 0] = value;
    });
    return column;
  });
  return { x, y };
}

export type Span = readonly [number, number];

/** First and last x of all curves; null without any point, and with some room where there is but one. */
export function spanOf(curves: readonly Curve[]): Span | null {
  const ends = curves.flatMap(({ x }) => (x.length === 0 ? [] : [x[0]!, x.at(-1)!]));
  if (ends.length === 0) return null;
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  return high > low ? [low, high] : [low - 1, high + 1];
}

/** Limits of y over what lies within the span. Faint curves count as well: nothing that is drawn is cut off. */
export function heightOf(curves: readonly Curve[], [from, to]: Span, log: boolean): [number, number] {
  return limitsOf(curves.flatMap(({ x, y }) => y.filter((_, n) => x[n]! >= from && x[n]! <= to)), log);
}

/** Number of the point whose x is nearest; -1 for none. */
export function nearestPoint(xs: readonly number[], x: number): number {
  let low = 0;
  let high = xs.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle]! < x) low = middle + 1;
    else high = middle;
  }
  if (low > 0 && x - xs[low - 1]! < xs[low]! - x) return low - 1;
  return xs.length === 0 ? -1 : low;
}

/** The span `factor` times as wide about `middle`, kept within `whole`; null where that is all of it. */
export function zoomed([from, to]: Span, middle: number, factor: number, whole: Span): Span | null {
  const width = Math.max((to - from) * factor, Math.min(4, whole[1] - whole[0]));
  if (width >= whole[1] - whole[0]) return null;
  const start = Math.min(Math.max(middle - width / 2, whole[0]), whole[1] - width);
  return [start, start + width];
}
