// A sheet of pictures of one model: prompts down, guidance scales across, one seed each. For looking, not for judging.
// node scripts/train/sheet.ts MODEL_FOLDER OUT.png [--steps 20] [--guidance 1,3,5,8] [--seed 7] [--prompt TEXT …]
import path from 'node:path';
import { parseArgs } from 'node:util';
import sharp, { type OverlayOptions } from 'sharp';
import { openCheckpoint } from '../../main/checkpoints/folder.ts';
import { openPipelineParts } from '../../main/diffusion/components.ts';
import { Pipeline } from '../../main/diffusion/pipeline.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: 'string', default: '20' }, guidance: { type: 'string', default: '1,3,5,8' }, seed: { type: 'string', default: '7' },
    prompt: { type: 'string', multiple: true }, threads: { type: 'string', default: '0' },
  },
});
const [model, out] = positionals.map((file) => path.resolve(file));
if (!model || !out) throw new Error('Say which model folder, and where the sheet goes.');
const scales = values.guidance.split(',').map(Number);
const prompts = values.prompt ?? [
  'a red ball on a white background', 'a blue star on a gray background', 'a big green tree on a white background', 'a yellow house on a gray background',
  'a red boat on the sea', 'a purple fish in the sky', 'a small orange car in the desert', 'a white moon at night', 'a pink heart on the right at sunset',
  'a blue house left of a green tree on the grass',
];
const checkpoint = await openCheckpoint(model, (id) => path.join(path.dirname(model), id));
const parts = await openPipelineParts(checkpoint, { threads: Number(values.threads), gentle: true });
const pipeline = new Pipeline(parts);
const { width, height } = checkpoint;
const tiles: OverlayOptions[] = [];
for (const [row, prompt] of prompts.entries()) {
  for (const [column, guidance] of scales.entries()) {
    const run = pipeline.sample({ prompt, negativePrompt: '', guidance, steps: Number(values.steps), seed: Number(values.seed) + row, sampler: 'euler', reflection: {} });
    let next = await run.next();
    while (!next.done) next = await run.next();
    tiles.push({ input: Buffer.from(next.value.picture.rgb), raw: { width, height, channels: 3 }, left: column * (width + 4), top: row * (height + 4) });
  }
}
await sharp({ create: { width: scales.length * (width + 4) - 4, height: prompts.length * (height + 4) - 4, channels: 3, background: '#888' } }).composite(tiles).png().toFile(out);
await parts.close();
