// Points of several series as the columns that the chart library draws from. Pure: knows neither the library nor the screen.

export interface PlotPoint {
  x: number;
  y: number;
  /** 95 % interval of y. */
  low: number;
  high: number;
  /** Whether its interval is drawn where there is no band. */
  whisker: boolean;
  /** What the point is called when it is pointed at. */
  label: string;
}

export interface PlotSeries {
  key: string;
  label: string;
  /** More about it, where there is more. */
  title: string;
  /** Name of a colour in the design tokens. */
  colour: string;
  /** Asked series are full; each kind of control has dashes of its own. */
  dash: Dash;
  /** A line with its band; else single points with whiskers. */
  line: boolean;
  points: readonly PlotPoint[];
}

/** Lengths of strokes and gaps, in CSS pixels. */
export const dashes = { full: [], dashed: [6, 4], dotted: [2, 3] } as const;
export type Dash = keyof typeof dashes;

/** Where a point stands: number of its series, number in it. */
export interface Place {
  series: number;
  point: number;
}

/** Ascending x, and for every series the points that stand there. */
export interface Columns {
  x: number[];
  /** By series, then by row; null where a series has no point. */
  points: (PlotPoint | null)[][];
}

/** One row for every x, more where one series has several points at the same x. */
export function columnsOf(series: readonly PlotSeries[]): Columns {
  const every = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
  const columns: Columns = { x: [], points: series.map(() => []) };
  for (const x of every) {
    const here = series.map(({ points }) => points.filter((point) => point.x === x));
    const rows = Math.max(...here.map((points) => points.length));
    for (let row = 0; row < rows; row += 1) {
      columns.x.push(x);
      here.forEach((points, at) => columns.points[at]?.push(points[row] ?? null));
    }
  }
  return columns;
}

/** Every point of the series that are shown, left to right, for keys that walk along them. */
export function walkOf(series: readonly PlotSeries[], hidden: ReadonlySet<string>): Place[] {
  const places = series.flatMap(({ key, points }, at) => (hidden.has(key) ? [] : points.map((_, point): Place => ({ series: at, point }))));
  const xOf = ({ series: at, point }: Place): number => series[at]?.points[point]?.x ?? 0;
  return places.sort((a, b) => xOf(a) - xOf(b) || a.series - b.series);
}

/** Values to write at an axis: those that occur, except where they would stand closer than a twelfth of the axis. */
export function ticksOf(values: readonly number[], log: boolean): number[] {
  const at = (value: number): number => (log ? Math.log(value) : value);
  const every = [...new Set(values)].filter((value) => !log || value > 0).sort((a, b) => a - b);
  const [first, last] = [every[0], every.at(-1)];
  if (first === undefined || last === undefined) return [];
  const least = (at(last) - at(first)) / 12;
  const ticks: number[] = [];
  for (const value of every) if (ticks.length === 0 || at(value) - at(ticks.at(-1)!) >= least) ticks.push(value);
  return ticks;
}

/** Limits of an axis around its values, with a little room; a log axis gets its room by a factor. */
export function limitsOf(values: readonly number[], log: boolean): [number, number] {
  const finite = values.filter((value) => Number.isFinite(value) && (!log || value > 0));
  if (finite.length === 0) return log ? [1, 10] : [0, 1];
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  if (log) return [low / 1.25, high * 1.25];
  const room = high > low ? (high - low) * 0.06 : Math.max(Math.abs(high) * 0.1, 0.05);
  return [low - room, high + room];
}
