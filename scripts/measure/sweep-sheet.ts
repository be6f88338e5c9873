// A sheet of pictures over the guidance scale: for each prompt a row of each model below one another, so that the eye can follow both.
// Knows neither models nor files.
import sharp, { type OverlayOptions } from 'sharp';
import type { Picture } from '../../main/diffusion/model.ts';
import { text } from '../../main/evaluation/plot.ts';

export interface SweepBlock {
  readonly prompt: string;
  /** Each with as many pictures as there are scales. */
  readonly rows: readonly { readonly name: string; readonly pictures: readonly Picture[] }[];
}

const tile = 96;
const gap = 2;
const between = 14;
const captionWidth = 170;
const headingHeight = 24;
const quality = 85;

/** As WebP bytes. @throws RangeError for a row with another number of pictures than scales */
export async function sweepSheet(scales: readonly number[], blocks: readonly SweepBlock[]): Promise<Uint8Array> {
  const width = captionWidth + scales.length * (tile + gap);
  const words = scales.map((scale, column) => text(captionWidth + column * (tile + gap) + tile / 2, 17, `γ ${scale}`, { anchor: 'middle', bold: true }));
  const tiles: OverlayOptions[] = [];
  let top = headingHeight;
  for (const { prompt, rows } of blocks) {
    words.push(...lines(prompt).map((line, i) => text(6, top + 14 + 15 * i, line, { bold: true })));
    for (const { name, pictures } of rows) {
      if (pictures.length !== scales.length) throw new RangeError(`${name} has ${pictures.length} pictures for ${scales.length} scales.`);
      words.push(text(6, top + tile - 8, name, { colour: '#5a626e' }));
      for (const [column, picture] of pictures.entries()) tiles.push({ input: await small(picture), left: captionWidth + column * (tile + gap), top });
      top += tile + gap;
    }
    top += between;
  }
  const height = top - between;
  const caption = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="DejaVu Sans, Helvetica, Arial, sans-serif" font-size="11" fill="#1c1f24">${words.join('')}</svg>`;
  const sheet = sharp({ create: { width, height, channels: 3, background: '#ffffff' } }).composite([...tiles, { input: Buffer.from(caption), left: 0, top: 0 }]);
  return new Uint8Array(await sheet.webp({ quality }).toBuffer());
}

const small = ({ width, height, rgb }: Picture): Promise<Buffer> => sharp(rgb, { raw: { width, height, channels: 3 } }).resize(tile, tile).png().toBuffer();

/** At most four lines of what fits beside a picture. */
function lines(prompt: string): string[] {
  const all = [''];
  for (const word of prompt.split(/\s+/)) {
    const longer = `${all.at(-1)} ${word}`.trim();
    if (longer.length <= 24) all[all.length - 1] = longer;
    else all.push(word);
  }
  return all.filter((line) => line !== '').slice(0, 4);
}
