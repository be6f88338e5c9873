// Draws guidance sweeps of a teacher and its students below one another, the same noise in every picture of a prompt. For looking.
// node scripts/node.mjs scripts/measure/sweep.ts OUT.webp [--models storybook,storybook-teefusion] [--guidance 1,2,…,9] [--steps 20] [--seed 7] [--prompt TEXT …]
// A model may have a sampler: storybook:z-sampling.
import path from 'node:path';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '../../main/checkpoints/atomic.ts';
import { Sampler } from '../../main/contract/schemas.ts';
import type { Picture } from '../../main/diffusion/model.ts';
import { modelsFolder, openModel } from './models.ts';
import { sweepSheet } from './sweep-sheet.ts';

const { values, positionals: [out] } = parseArgs({ allowPositionals: true, options: {
  folder: { type: 'string', default: modelsFolder }, models: { type: 'string', default: 'storybook,storybook-teefusion' }, guidance: { type: 'string', default: '1,2,3,4,5,6,7,8,9' },
  steps: { type: 'string', default: '20' }, seed: { type: 'string', default: '7' }, threads: { type: 'string', default: '0' }, prompt: { type: 'string', multiple: true },
} });
if (out === undefined) throw new Error('Say where the sheet goes.');
const scales = values.guidance.split(',').map(Number);
const prompts = values.prompt ?? ['a red boat on the sea', 'a purple mushroom on the grass', 'a small yellow house in the desert', 'a blue star above a green tree on a white background'];
const ways = values.models.split(',').map((way) => {
  const [model = '', sampler] = way.split(':');
  return { name: way.replace(':', ', '), model, sampler: Sampler.parse(sampler ?? 'euler') };
});

const drawn = new Map<string, Picture[][]>();
for (const { name, model, sampler } of ways) {
  const opened = await openModel(path.resolve(values.folder), model, undefined, { threads: Number(values.threads), gentle: true });
  const rows: Picture[][] = [];
  for (const [row, prompt] of prompts.entries()) {
    const pictures: Picture[] = [];
    for (const guidance of scales) pictures.push((await opened.draw({ prompt, seed: Number(values.seed) + row, guidance, steps: Number(values.steps), sampler })).picture);
    rows.push(pictures);
  }
  drawn.set(name, rows);
  await opened.close();
}
const sheet = await sweepSheet(scales, prompts.map((prompt, row) => ({ prompt, rows: ways.map(({ name }) => ({ name, pictures: drawn.get(name)![row]! })) })));
await writeFileAtomic(out, sheet);
console.log(`${out}: ${Math.ceil(sheet.length / 1024)} KiB`);
