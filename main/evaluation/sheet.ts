// A sheet of an evaluation's pictures for the eye: prompts down, cells across, a red corner where a fact is wrong.
// Knows neither files nor models; pixels come from the caller.
import sharp, { type OverlayOptions } from 'sharp';
import type { EvaluationCell } from '../contract/evaluation.ts';
import { samplerNames } from './charts.ts';
import { escapeXml, text, textWidth } from './plot.ts';
import type { PictureRecord, Pixels, ReadPixels } from './record.ts';

export interface SheetInput {
  readonly cells: readonly EvaluationCell[];
  readonly records: readonly PictureRecord[];
  readonly pixels: ReadPixels;
  /** Prompts at most. Default 12. */
  readonly rows?: number;
}

const gap = 6;
const captionWidth = 200;
const headingHeight = 58;
/** Smaller pictures are enlarged by a whole number to at least this. */
const leastTile = 96;

/** The first prompts that have a picture, as PNG bytes; null when no picture is there. */
export async function pictureSheet({ cells, records, pixels, rows = 12 }: SheetInput): Promise<Uint8Array | null> {
  const byPrompt = [...Map.groupBy(records, ({ index }) => index)].sort(([a], [b]) => a - b).slice(0, rows).map(([, all]) => new Map(all.map((record) => [record.cell, record])));
  const read = await Promise.all(byPrompt.map((row) => Promise.all(cells.map(async ({ key }) => {
    const record = row.get(key);
    return record === undefined ? null : { record, picture: await pixels(record) };
  }))));
  const tile = Math.max(0, ...read.flat().map((entry) => (entry === null ? 0 : Math.max(entry.picture.width, entry.picture.height) * factorOf(entry.picture))));
  if (tile === 0) return null;
  const pitch = tile + gap;
  const [width, height] = [captionWidth + cells.length * pitch + gap, headingHeight + byPrompt.length * pitch + gap];
  const place = (row: number, column: number): { left: number; top: number } => ({ left: captionWidth + column * pitch, top: headingHeight + row * pitch });

  const tiles = await Promise.all(read.flatMap((entries, row) => entries.flatMap((entry, column) => (entry === null ? [] : [overlay(entry.picture, place(row, column))]))));
  const headings = cells.map((cell, column) => heading(cell, place(0, column).left, tile));
  const captions = byPrompt.map((row, i) => caption([...row.values()][0]!.prompt, place(i, 0).top, tile));
  const marks = read.flatMap((entries, row) => entries.flatMap((entry, column) => (entry?.record.allCorrect === false ? [wrongMark(place(row, column), tile)] : [])));
  const words = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="DejaVu Sans, Helvetica, Arial, sans-serif" font-size="11" fill="#1c1f24">`
    + headings.join('') + captions.join('') + marks.join('') + '</svg>';
  const sheet = sharp({ create: { width, height, channels: 3, background: '#ffffff' } });
  return new Uint8Array(await sheet.composite([...tiles, { input: Buffer.from(words), left: 0, top: 0 }]).png({ compressionLevel: 9 }).toBuffer());
}

const factorOf = ({ width, height }: Pixels): number => Math.max(1, Math.ceil(leastTile / Math.max(width, height)));

async function overlay(picture: Pixels, { left, top }: { left: number; top: number }): Promise<OverlayOptions> {
  const { width, height, rgb } = picture;
  const factor = factorOf(picture);
  const raw = { width: width * factor, height: height * factor, channels: 3 } as const;
  const input = await sharp(rgb, { raw: { width, height, channels: 3 } }).resize(raw.width, raw.height, { kernel: 'nearest' }).raw().toBuffer();
  return { input, raw, left, top };
}

function heading(cell: EvaluationCell, left: number, tile: number): string {
  const scale = cell.effectiveGuidance === cell.guidance ? `γ ${cell.guidance}` : `γ ${cell.guidance} (≈ ${cell.effectiveGuidance})`;
  const lines = [cell.model, cell.kind === 'student' ? 'one pass per step' : samplerNames[cell.sampler], `${scale}, ${cell.steps} steps`];
  return lines.map((line, i) => text(left + tile / 2, 16 + i * 15, line, { anchor: 'middle', bold: i === 0, size: fitting(line, tile) })).join('');
}

/** The largest size up to 11 at which a line fits. */
const fitting = (line: string, width: number): number => Math.min(11, Math.floor((10 * width) / textWidth(line, 1)) / 10);

/** Words in as many lines as fit, the last one cut short. */
function caption(prompt: string, top: number, tile: number): string {
  const most = Math.floor((captionWidth - 16) / textWidth('m', 11));
  const lines = [''];
  for (const word of prompt.split(/\s+/)) {
    const last = lines.at(-1)!;
    const piece = word.length > most ? `${word.slice(0, most - 1)}…` : word;
    if (last === '') lines[lines.length - 1] = piece;
    else if (last.length + 1 + piece.length <= most) lines[lines.length - 1] = `${last} ${piece}`;
    else lines.push(piece);
  }
  const room = Math.max(1, Math.floor((tile - 4) / 15));
  const shown = lines.length <= room ? lines : [...lines.slice(0, room - 1), `${lines[room - 1]!.slice(0, most - 1)}…`];
  return shown.map((line, i) => text(8, top + 14 + i * 15, line, {})).join('');
}

/** Seen on red pictures too: its rim is white. */
function wrongMark({ left, top }: { left: number; top: number }, tile: number): string {
  const path = `d="M${left + tile - 18} ${top + 1.5}h16.5v16.5" fill="none"`;
  return `<g><title>${escapeXml('not all facts are right')}</title><path ${path} stroke="#fff" stroke-width="5"/><path ${path} stroke="#d3202a" stroke-width="3"/></g>`;
}
