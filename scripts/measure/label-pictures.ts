// Draws pictures for a person to label, and sheets of them to look at that show numbers and no prompts. Half of the prompts are
// of held-out combinations, every third has two objects, guidance scales in turn: so there are good, middling and bad pictures.
// node scripts/node.mjs scripts/measure/label-pictures.ts SHEETS_DIR [--models DIR] [--model storybook] [--count 120] [--start 0] [--guidance 1,2,3,5,7] [--steps 20] [--each]
// --each: a large sheet for every picture, which is looked at more closely than twelve on one.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import sharp, { type OverlayOptions } from 'sharp';
import { heldOutPrompts, type EvaluationPrompt } from '../../main/storybook/dataset.ts';
import { labelsFolder, pictureName, type LabelPicture } from './label-files.ts';
import { modelsFolder, openModel } from './models.ts';

const { values, positionals: [sheets] } = parseArgs({ allowPositionals: true, options: {
  models: { type: 'string', default: modelsFolder }, model: { type: 'string', default: 'storybook' }, count: { type: 'string', default: '120' },
  start: { type: 'string', default: '0' }, guidance: { type: 'string', default: '1,2,3,5,7' }, steps: { type: 'string', default: '20' },
  each: { type: 'boolean', default: false },
} });
if (!sheets) throw new Error('Say which folder the sheets go to.');
const count = Number(values.count);
const start = Number(values.start);
const scales = values.guidance.split(',').map(Number);
const steps = Number(values.steps);

/** Prompt number `index`: two objects in every third, held out in every second of each. */
function promptsOf(): (index: number) => EvaluationPrompt {
  const lists = (['one', 'two'] as const).map((stage) => (['only', 'exclude'] as const).map((heldOut) => heldOutPrompts(start + count, stage, heldOut)));
  return (index) => lists[index % 3 === 2 ? 1 : 0]![Math.floor(index / 3) % 2]![index]!;
}

const [columns, rows, side, margin] = values.each ? [1, 1, 768, 20] : [4, 3, 384, 20];
const cell = side + margin + 4;

/** A ruler at two edges with a tick for every twentieth of the side, a faint grid of tenths, and the number. */
function frame(name: string): Buffer {
  const marks = Array.from({ length: 21 }, (_, i) => {
    const at = margin + (i * side) / 20;
    const [length, line] = [i % 10 === 0 ? 14 : i % 2 === 0 ? 10 : 5, i % 2 === 0 ? `M${at} ${margin}v${side}M${margin} ${at}h${side}` : ''];
    return `<path d="M${at} ${margin}v${-length}M${margin} ${at}h${-length}" stroke="#d00"/><path d="${line}" stroke="#888" stroke-opacity=".22"/>`;
  });
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${cell}" height="${cell}">${marks.join('')}`
    + `<text x="${margin + 4}" y="${margin + 18}" font-size="16" font-family="sans-serif" stroke="#fff" stroke-width="3" paint-order="stroke">${name}</text></svg>`);
}

/** A numbered sheet of up to twelve pictures. */
async function writeSheet(file: string, tiles: readonly { name: string; rgb: Uint8Array }[]): Promise<void> {
  const layers: OverlayOptions[] = [];
  for (const [i, { name, rgb }] of tiles.entries()) {
    const [left, top] = [(i % columns) * cell, Math.floor(i / columns) * cell];
    layers.push({ input: await sharp(rgb, { raw: { width: 128, height: 128, channels: 3 } }).resize(side, side, { kernel: 'cubic' }).png().toBuffer(), left: left + margin, top: top + margin });
    layers.push({ input: frame(name), left, top });
  }
  await sharp({ create: { width: columns * cell, height: rows * cell, channels: 3, background: '#ffffff' } }).composite(layers).png().toFile(file);
}

await mkdir(sheets, { recursive: true });
await mkdir(labelsFolder, { recursive: true });
const prompt = promptsOf();
const model = await openModel(path.resolve(values.models), values.model);
const made: LabelPicture[] = [];
let tiles: { name: string; rgb: Uint8Array }[] = [];
for (let index = start; index < start + count; index += 1) {
  const { prompt: text, seed } = prompt(index);
  const guidance = scales[index % scales.length]!;
  const { picture: { rgb } } = await model.draw({ prompt: text, seed, guidance, steps });
  const file = pictureName(index);
  await sharp(rgb, { raw: { width: 128, height: 128, channels: 3 } }).webp({ lossless: true, effort: 6 }).toFile(path.join(labelsFolder, file));
  made.push({ file, model: values.model, prompt: text, seed, guidance, steps });
  tiles.push({ name: file, rgb });
  if (tiles.length === columns * rows || index === start + count - 1) {
    await writeSheet(path.join(sheets, `sheet-${String(Math.floor(index / (columns * rows))).padStart(3, '0')}.png`), tiles);
    tiles = [];
  }
}
await model.close();
await writeFile(path.join(labelsFolder, `prompts-${String(start).padStart(3, '0')}.jsonl`), made.map((line) => `${JSON.stringify(line)}\n`).join(''));
console.log(`${count} pictures in ${path.relative(process.cwd(), labelsFolder)}, sheets to label them in ${sheets}. Look at the sheets only: the prompts lie beside the pictures.`);
