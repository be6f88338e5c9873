// Hands a file that the window has made to the person: a download, in the browser as on the desktop.
import uPlot from 'uplot';
import { nextTick } from 'vue';
import { dashes, type Dash } from './plot-data.ts';
import type { PlotTheme } from './plot-options.ts';

/** `name` with its ending. */
export function saveFile(name: string, content: Blob): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export function saveText(name: string, text: string, type: 'text/csv' | 'application/json'): void {
  saveFile(name, new Blob([text], { type: `${type};charset=utf-8` }));
}

/** Saves a chart as a PNG: drawn anew, larger than on the screen, with its title and its legend. */
export async function savePlot(
  { name, title, legend, theme }: { /** Of the file, without ending. */ name: string; title: string; legend: readonly { label: string; colour: string; dash: Dash }[]; theme: PlotTheme },
  plotAt: (size: { width: number; height: number }) => { options: uPlot.Options; data: uPlot.AlignedData },
): Promise<void> {
  const { options, data } = plotAt({ width: 960, height: 480 });
  const large = new uPlot(options, data, document.createElement('div'));
  await nextTick(); // it is drawn at the end of the turn
  const sheet = drawPlot({
    canvas: large.ctx.canvas,
    title,
    legend: legend.map(({ label, colour, dash }) => ({ label, dash: dashes[dash], colour: theme.colour(colour) })),
    ground: theme.colour('surface'),
    ink: theme.colour('text'),
    font: theme.font,
  });
  large.destroy();
  sheet.toBlob((content) => {
    if (content !== null) saveFile(`${name}.png`, content);
  });
}

interface PictureOfPlot {
  canvas: HTMLCanvasElement;
  title: string;
  /** `dash`: lengths in CSS pixels, none for a full line. */
  legend: readonly { label: string; colour: string; dash: readonly number[] }[];
  /** Colours of the ground and of the text. */
  ground: string;
  ink: string;
  font: string;
}

/** The chart with its title above and its legend below, as it stands on the screen. */
function drawPlot({ canvas, title, legend, ground, ink, font }: PictureOfPlot): HTMLCanvasElement {
  const scale = devicePixelRatio;
  const line = 20 * scale;
  const margin = 12 * scale;
  const sheet = document.createElement('canvas');
  sheet.width = canvas.width + 2 * margin;
  sheet.height = canvas.height + line * (legend.length + 1) + 3 * margin;
  const paint = sheet.getContext('2d');
  if (paint === null) return sheet;
  paint.fillStyle = ground;
  paint.fillRect(0, 0, sheet.width, sheet.height);
  paint.textBaseline = 'middle';
  paint.fillStyle = ink;
  paint.font = `600 ${13 * scale}px ${font}`;
  paint.fillText(title, margin, margin + line / 2);
  paint.drawImage(canvas, margin, margin + line);
  paint.font = `400 ${12 * scale}px ${font}`;
  paint.lineWidth = 2 * scale;
  legend.forEach(({ label, colour, dash }, at) => {
    const y = 2 * margin + line + canvas.height + line * (at + 0.5);
    paint.strokeStyle = colour;
    paint.setLineDash(dash.map((length) => length * scale));
    paint.beginPath();
    paint.moveTo(margin, y);
    paint.lineTo(margin + 24 * scale, y);
    paint.stroke();
    paint.fillText(label, margin + 32 * scale, y);
  });
  return sheet;
}
