// How long curves are drawn: the settings of uPlot. Knows neither jobs nor components.
import type uPlot from 'uplot';
import { heightOf, spanOf, type Curve, type Span } from './curve-data.ts';
import { dashes } from './plot-data.ts';
import type { PlotTheme } from './plot-options.ts';

export interface CurveLook {
  xLabel: string;
  yLabel: string;
  log: boolean;
  xValue: (value: number) => string;
  yValue: (value: number) => string;
}

/** What is drawn now; read anew whenever the library draws. */
export interface CurveView {
  curves: () => readonly Curve[];
  /** null: all of it. */
  range: () => Span | null;
  look: () => CurveLook;
}

/** Distances between marks of the x axis, which counts whole steps. */
const wholeSteps = Array.from({ length: 8 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();
/** In pixels; a lower chart has no room for the name of its y axis, which its title says as well. */
const labelledFrom = 160;

export function curveOptions(view: CurveView, theme: PlotTheme, size: { width: number; height: number }): uPlot.Options {
  const span = (): Span => view.range() ?? spanOf(view.curves()) ?? [0, 1];
  const axis = { stroke: theme.colour('text-faint'), font: `11px ${theme.font}`, labelFont: `11px ${theme.font}`, labelSize: 16, labelGap: 0, ticks: { show: false } };
  const { log, xLabel, yLabel } = view.look();
  // An axis without curves has no numbers: they would mean nothing.
  const written = (values: number[], write: (value: number) => string): string[] => (spanOf(view.curves()) === null ? [] : values.map(write));
  return {
    ...size,
    padding: [8, 14, 0, 0],
    legend: { show: false },
    // The chart around it has its own line where it is pointed at, for the keyboard as well; a double click shows everything again.
    cursor: { x: false, y: false, points: { show: false }, drag: { x: true, y: false, setScale: false }, bind: { dblclick: () => () => null } },
    scales: {
      x: { time: false, range: () => [...span()] },
      y: { distr: log ? 3 : 1, range: () => heightOf(view.curves(), span(), log) },
    },
    axes: [
      { ...axis, label: xLabel, incrs: wholeSteps, size: 24, gap: 4, space: 56, grid: { show: false }, values: (_plot, splits) => written(splits, view.look().xValue) },
      {
        ...axis, ...(size.height >= labelledFrom && { label: yLabel }), size: 52, gap: 4, space: 28, grid: { stroke: theme.colour('line'), width: 1 },
        values: (_plot, splits) => written(splits, view.look().yValue),
        ...(log && { splits: (_plot: uPlot, _axis: number, low: number, high: number) => logSplits(low, high, size.height / 32), filter: (_plot: uPlot, splits: number[]) => splits }),
      },
    ],
    series: [{}, ...view.curves().map((curve) => seriesOptions(curve, theme))],
  };
}

function seriesOptions({ colour, dash, faint, marked }: Curve, theme: PlotTheme): uPlot.Series {
  const stroke = theme.colour(colour);
  return {
    stroke: faint ? `${stroke}55` : stroke,
    width: faint ? 1 : 1.75,
    spanGaps: true,
    dash: [...dashes[dash]],
    points: marked ? { show: true, size: 5, width: 1, stroke, fill: theme.colour('surface') } : { show: false },
  };
}

/** 1, 2 and 5 times the powers of ten, or the powers only, or every so many of them: whichever first are no more than `most`. */
export function logSplits(low: number, high: number, most: number): number[] {
  const first = Math.floor(Math.log10(low));
  const powers = Array.from({ length: Math.ceil(Math.log10(high)) - first + 1 }, (_, at) => 10 ** (first + at));
  const within = (values: number[]): number[] => values.filter((value) => value >= low && value <= high);
  const fine = within(powers.flatMap((power) => [power, 2 * power, 5 * power]));
  if (fine.length <= most) return fine;
  const coarse = within(powers);
  // Less than a decade may hold no power at all.
  if (coarse.length < 2) return fine.slice(0, Math.max(2, Math.floor(most)));
  const every = Math.ceil(coarse.length / most);
  return coarse.filter((_, at) => at % every === 0);
}
