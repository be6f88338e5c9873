// How a chart is drawn: the settings of uPlot for a few series with their intervals. Knows neither reports nor components.
import type uPlot from 'uplot';
import { columnsOf, dashes, limitsOf, ticksOf, type PlotSeries } from './plot-data.ts';

/** Resolved colours and font; a canvas knows no design tokens. */
export interface PlotTheme {
  colour: (token: string) => string;
  font: string;
}

export interface PlotLook {
  xLabel: string;
  yLabel: string;
  /** The quantity without the unit of the axis: exported values are as they were measured, shares from 0 to 1. */
  yName: string;
  logX: boolean;
  /** Whether only values that occur are written at the x axis; they are few. */
  ownTicks: boolean;
  /** What stands at an axis; y with the unit that `yLabel` names. */
  xValue: (value: number) => string;
  yValue: (value: number) => string;
  /** Limits that y never goes beyond, such as 0 and 1 for shares. */
  within: readonly [number, number] | null;
  /** A level to compare with, drawn across. */
  reference: { label: string; y: number } | null;
}

/** Three columns for each series: its value, and its interval's ends, between which its band lies. */
export const columnsPerSeries = 3;

export function plotData(series: readonly PlotSeries[]): uPlot.AlignedData {
  const { x, points } = columnsOf(series);
  return [x, ...points.flatMap((column) => [
    column.map((point) => point?.y ?? null), column.map((point) => point?.high ?? null), column.map((point) => point?.low ?? null),
  ])];
}

export function plotOptions(series: readonly PlotSeries[], look: PlotLook, theme: PlotTheme, size: { width: number; height: number }): uPlot.Options {
  const points = series.flatMap((one) => one.points);
  const xLimits = limitsOf(points.map(({ x }) => x), look.logX);
  const yLimits = yLimitsOf([...points.flatMap(({ low, high }) => [low, high]), ...(look.reference === null ? [] : [look.reference.y])], look.within);
  const axis = { stroke: theme.colour('text-faint'), font: `11px ${theme.font}`, labelFont: `11px ${theme.font}`, labelSize: 18, labelGap: 0, ticks: { show: false } };
  return {
    ...size,
    padding: [10, 14, 0, 0],
    legend: { show: false },
    cursor: { x: false, y: false, points: { show: false }, drag: { x: false, y: false, setScale: false } },
    scales: {
      x: { time: false, distr: look.logX ? 3 : 1, range: () => xLimits },
      y: { range: () => yLimits },
    },
    axes: [
      {
        ...axis, label: look.xLabel, size: 26, gap: 4, space: 44, grid: { show: false }, values: (_plot, splits) => splits.map(look.xValue),
        ...splitsOf(points.map(({ x }) => x), look),
      },
      { ...axis, label: look.yLabel, size: 42, gap: 4, space: 32, grid: { stroke: theme.colour('line'), width: 1 }, values: (_plot, splits) => splits.map(look.yValue) },
    ],
    series: [{}, ...series.flatMap((one) => seriesOptions(one, theme))],
    bands: series.flatMap(({ line, colour }, at) => (line ? [{ series: [at * columnsPerSeries + 2, at * columnsPerSeries + 3] as [number, number], fill: `${theme.colour(colour)}1f` }] : [])),
    hooks: { draw: [(plot) => drawWhiskers(plot, series, theme), (plot) => drawReference(plot, look, theme)] },
  };
}

function seriesOptions({ colour, dash, line }: PlotSeries, theme: PlotTheme): uPlot.Series[] {
  const stroke = theme.colour(colour);
  const edge: uPlot.Series = { stroke: 'transparent', width: 0, spanGaps: true, points: { show: false }, ...(!line && { paths: () => null }) };
  const value: uPlot.Series = {
    stroke, width: 2, spanGaps: true,
    points: { show: true, size: dash === 'dotted' ? 5.5 : 7, width: 1.5, stroke, fill: dash === 'full' ? stroke : theme.colour('surface') },
    dash: [...dashes[dash]],
    ...(!line && { paths: () => null }),
  };
  return [value, edge, edge];
}

function yLimitsOf(values: readonly number[], within: PlotLook['within']): [number, number] {
  const [low, high] = limitsOf(values, false);
  return within === null ? [low, high] : [Math.max(within[0], low), Math.min(within[1], high)];
}

function splitsOf(values: readonly number[], { ownTicks, logX }: PlotLook): Partial<uPlot.Axis> {
  const filter = (_plot: uPlot, splits: number[]): number[] => splits;
  if (ownTicks) return { splits: () => ticksOf(values, logX), filter };
  return logX ? { splits: (_plot, _axis, low, high) => logSplits(low, high), filter } : {};
}

/** 1, 2 and 5 times the powers of ten. */
function logSplits(low: number, high: number): number[] {
  const powers = Array.from({ length: Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 }, (_, at) => 10 ** (Math.floor(Math.log10(low)) + at));
  return powers.flatMap((power) => [power, 2 * power, 5 * power]).filter((value) => value >= low && value <= high);
}

/** Intervals of single points, for which there is no band. */
function drawWhiskers(plot: uPlot, series: readonly PlotSeries[], theme: PlotTheme): void {
  const paint = plot.ctx;
  paint.save();
  paint.lineWidth = devicePixelRatio;
  series.forEach(({ line, points, colour }, at) => {
    if (line || plot.series[at * columnsPerSeries + 1]?.show !== true) return;
    paint.strokeStyle = `${theme.colour(colour)}80`;
    for (const { x, low, high } of points.filter(({ whisker }) => whisker)) {
      const left = Math.round(plot.valToPos(x, 'x', true));
      paint.beginPath();
      paint.moveTo(left, plot.valToPos(low, 'y', true));
      paint.lineTo(left, plot.valToPos(high, 'y', true));
      paint.stroke();
    }
  });
  paint.restore();
}

function drawReference(plot: uPlot, { reference }: PlotLook, theme: PlotTheme): void {
  if (reference === null) return;
  const paint = plot.ctx;
  const { left, width } = plot.bbox;
  const y = Math.round(plot.valToPos(reference.y, 'y', true));
  paint.save();
  paint.strokeStyle = theme.colour('good');
  paint.fillStyle = theme.colour('good');
  paint.lineWidth = devicePixelRatio;
  paint.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  paint.beginPath();
  paint.moveTo(left, y);
  paint.lineTo(left + width, y);
  paint.stroke();
  paint.font = `${11 * devicePixelRatio}px ${theme.font}`;
  paint.textAlign = 'right';
  paint.textBaseline = 'bottom';
  paint.fillText(reference.label, left + width - 4 * devicePixelRatio, y - 2 * devicePixelRatio);
  paint.restore();
}
