// Draws curves and points with their intervals as SVG: axes with units, ticks at round numbers, a legend. Made for a light page and for paper.
// Knows nothing of what it plots.

export interface PlotPoint {
  readonly x: number;
  readonly y: number;
  /** Interval of y. */
  readonly low?: number;
  readonly high?: number;
  /** Of x, where that is measured too. */
  readonly left?: number;
  readonly right?: number;
  /** Drawn back, so that others stand out. */
  readonly faint?: boolean;
}

export interface PlotSeries {
  readonly name: string;
  readonly points: readonly PlotPoint[];
  /** Points by rising x joined, their intervals as a band; else points alone, with bars. */
  readonly joined: boolean;
  readonly dashed?: boolean;
}

/** Points of several series at one x stand a little apart, so that none hides another. */
export interface Plot {
  readonly title: string;
  readonly x: { readonly label: string; readonly log?: boolean };
  readonly y: { readonly label: string; readonly percent?: boolean };
  readonly series: readonly PlotSeries[];
  /** Level lines to compare with. */
  readonly levels?: readonly { readonly y: number; readonly name: string }[];
}

const width = 760;
const height = 380;
const area = { left: 64, right: 24, top: 44, bottom: 56 };
const legendRow = 20;
const palette = ['#3b4fc4', '#0c8579', '#c2570c', '#a03f98', '#557f14', '#1270ad', '#8a5a2b', '#52585f'];
const ink = '#1c1f24';
const faintInk = '#5a626e';
const font = 'font-family="DejaVu Sans, Helvetica, Arial, sans-serif"';

/** A document of its own. @throws RangeError when there is no point to plot, or one of a logarithmic axis is not above 0 */
export function plotSvg({ title, x, y, series, levels = [] }: Plot): string {
  const points = series.flatMap((one) => one.points);
  if (points.length === 0) throw new RangeError('There is nothing to plot.');
  const toX = scale(points.flatMap((p) => [p.x, p.left ?? p.x, p.right ?? p.x]), x.log === true, area.left, width - area.right);
  const toY = scale([...points.flatMap((p) => [p.y, p.low ?? p.y, p.high ?? p.y]), ...levels.map((level) => level.y)], false, height - area.bottom, area.top, y.percent ? [0, 1] : [0, Infinity]);
  const legend = drawLegend([
    ...series.map(({ name, dashed }, i) => ({ name, colour: palette[i % palette.length]!, dash: dashed ? dashes : '' })),
    ...levels.map(({ name }) => ({ name, colour: ink, dash: dots })),
  ]);
  const grid = [
    ...toX.ticks.map((tick) => `<path d="M${at(toX.to(tick))} ${area.top}V${height - area.bottom}" stroke="#e3e6ea"/>`
      + text(toX.to(tick), height - area.bottom + 18, number(tick), { anchor: 'middle' })),
    ...toY.ticks.map((tick) => `<path d="M${area.left} ${at(toY.to(tick))}H${width - area.right}" stroke="#e3e6ea"/>`
      + text(area.left - 8, toY.to(tick) + 4, y.percent ? `${number(100 * tick)} %` : number(tick), { anchor: 'end' })),
  ];
  const frame = `<path d="M${area.left} ${area.top}V${height - area.bottom}H${width - area.right}" fill="none" stroke="${faintInk}"/>`;
  const lines = levels.map((level) => `<path d="M${area.left} ${at(toY.to(level.y))}H${width - area.right}" stroke="${ink}" stroke-width="1.5" stroke-dasharray="${dots}"/>`);
  const curves = series.map((one, i) => {
    const apart = (i - (series.length - 1) / 2) * Math.min(one.joined ? 5 : 11, 90 / series.length);
    return drawSeries(one, palette[i % palette.length]!, i, (value) => toX.to(value) + apart, toY.to);
  });
  const total = height + legend.height;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${total}" viewBox="0 0 ${width} ${total}" ${font} font-size="12" fill="${ink}">`
    + `<rect width="100%" height="100%" fill="#fff"/>${text(area.left, 26, title, { size: 15, bold: true })}`
    + grid.join('') + lines.join('') + curves.join('') + frame
    + text((area.left + width - area.right) / 2, height - 12, x.label, { anchor: 'middle' })
    + `<g transform="translate(16 ${(area.top + height - area.bottom) / 2}) rotate(-90)">${text(0, 0, y.label, { anchor: 'middle' })}</g>`
    + `<g transform="translate(0 ${height})">${legend.svg}</g></svg>\n`;
}

const dashes = '7 4';
const dots = '2 3';

function drawSeries({ points, joined, dashed }: PlotSeries, colour: string, shape: number, toX: ToPixels, toY: ToPixels): string {
  const sorted = [...points].sort((a, b) => a.x - b.x);
  const spot = (x: number, y: number): string => `${at(toX(x))} ${at(toY(y))}`;
  let band = '';
  if (joined) {
    const upper = sorted.map((p) => spot(p.x, p.high ?? p.y));
    const lower = sorted.map((p) => spot(p.x, p.low ?? p.y)).reverse();
    band = `<path d="M${[...upper, ...lower].join('L')}Z" fill="${colour}" opacity=".07"/>`
      + `<path d="M${sorted.map((p) => spot(p.x, p.y)).join('L')}" fill="none" stroke="${colour}" stroke-width="2"${dashed ? ` stroke-dasharray="${dashes}"` : ''}/>`;
  }
  const marks = sorted.map((p) => {
    // Bars of joined points too: a band of one point has no area.
    const bars = `<path d="M${spot(p.x, p.low ?? p.y)}L${spot(p.x, p.high ?? p.y)}M${spot(p.left ?? p.x, p.y)}L${spot(p.right ?? p.x, p.y)}" stroke="${colour}" opacity="${joined ? '.45' : '.8'}"/>`;
    return `<g${p.faint ? ' opacity=".35"' : ''}>${bars}${marker(toX(p.x), toY(p.y), colour, shape)}</g>`;
  });
  return band + marks.join('');
}

/** A shape for each series, so that a print without colours can be read. */
function marker(x: number, y: number, colour: string, shape: number): string {
  const paint = `fill="${colour}" stroke="#fff" stroke-width="1"`;
  switch (shape % 4) {
    case 0: return `<circle cx="${at(x)}" cy="${at(y)}" r="4.5" ${paint}/>`;
    case 1: return `<rect x="${at(x - 4)}" y="${at(y - 4)}" width="8" height="8" ${paint}/>`;
    case 2: return `<path d="M${at(x)} ${at(y - 5.5)}l5 9h-10Z" ${paint}/>`;
    default: return `<path d="M${at(x)} ${at(y - 5.5)}l5.5 5.5l-5.5 5.5l-5.5 -5.5Z" ${paint}/>`;
  }
}

function drawLegend(entries: readonly { name: string; colour: string; dash: string }[]): { svg: string; height: number } {
  let [x, row] = [area.left, 0];
  const drawn = entries.map(({ name, colour, dash }, i) => {
    const needed = 44 + textWidth(name, 12) + 20;
    if (x > area.left && x + needed > width - area.right) [x, row] = [area.left, row + 1];
    const [left, y] = [x, row * legendRow + 8];
    x += needed;
    const line = `<path d="M${left} ${y}h32" stroke="${colour}" stroke-width="2"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}/>`;
    return line + (dash === dots ? '' : marker(left + 16, y, colour, i)) + text(left + 40, y + 4, name, {});
  });
  return { svg: drawn.join(''), height: (row + 1) * legendRow + 8 };
}

type ToPixels = (value: number) => number;

/** A little more than the values span, with ticks at round numbers; `limits` are never passed. */
function scale(values: readonly number[], log: boolean, start: number, end: number, limits: readonly [number, number] = [-Infinity, Infinity]): { to: ToPixels; ticks: number[] } {
  if (log && values.some((value) => !(value > 0))) throw new RangeError('A logarithmic axis has no place for what is not above 0.');
  const units = values.map((value) => (log ? Math.log10(value) : value));
  const [least, most] = [Math.min(...units), Math.max(...units)];
  const margin = most > least ? (most - least) * 0.07 : log ? 0.15 : Math.max(0.02, Math.abs(most) * 0.1);
  const [low, high] = [Math.max(limits[0], least - margin), Math.min(limits[1], most + margin)];
  const to: ToPixels = (value) => start + (((log ? Math.log10(value) : value) - low) / (high - low)) * (end - start);
  return { to, ticks: log ? logTicks(low, high) : linearTicks(low, high) };
}

/** At most eight multiples of 1, 2 or 5 times a power of ten. */
function linearTicks(low: number, high: number): number[] {
  const rough = (high - low) / 8;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

function logTicks(low: number, high: number): number[] {
  const all: number[] = [];
  for (let power = Math.floor(low); power <= high; power++) {
    for (const factor of [1, 1.5, 2, 3, 4, 6, 8]) all.push(Number((factor * 10 ** power).toPrecision(12)));
  }
  const inside = all.filter((tick) => Math.log10(tick) >= low && Math.log10(tick) <= high);
  return inside.length <= 9 ? inside : inside.filter((tick) => /^[124]0*$|^0\.0*[124]$/.test(String(tick)));
}

export interface TextStyle {
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly size?: number;
  readonly bold?: boolean;
  readonly colour?: string;
}

/** A line of SVG text with its baseline at (x, y). */
export function text(x: number, y: number, content: string, { anchor = 'start', size, bold, colour }: TextStyle): string {
  const style = (anchor === 'start' ? '' : ` text-anchor="${anchor}"`) + (size === undefined ? '' : ` font-size="${size}"`)
    + (bold ? ' font-weight="bold"' : '') + (colour === undefined ? '' : ` fill="${colour}"`);
  return `<text x="${at(x)}" y="${at(y)}"${style}>${escapeXml(content)}</text>`;
}

/** Roughly, in pixels: what is exact depends on the fonts of the machine. */
export function textWidth(content: string, size: number): number {
  return content.length * size * 0.6;
}

/** Safe as XML text and attribute; characters that XML forbids become question marks. */
export function escapeXml(content: string): string {
  return content
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '?')
    .replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

const at = (value: number): string => String(Math.round(value * 100) / 100);
const number = (value: number): string => String(Number(value.toPrecision(6)));
