// Hands a file that the window has made to the person: a download, in the browser as on the desktop.

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

export interface PictureOfPlot {
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
export function drawPlot({ canvas, title, legend, ground, ink, font }: PictureOfPlot): HTMLCanvasElement {
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
