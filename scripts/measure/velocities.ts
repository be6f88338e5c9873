// Does a student guide as much as it was told to? At every place of its teacher's own way (Euler+CFG) at each scale, over held-out prompts:
// the guidance scale that the student's velocity amounts to, in the noisy and in the clear part of the way, and its distance to the teacher's.
// node scripts/node.mjs scripts/measure/velocities.ts [--models DIR] [--student storybook-teefusion] [--scales 1,2,3,4,5,7,9] [--count 32] [--steps 20]
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openCheckpoint } from '../../main/checkpoints/folder.ts';
import { openPipelineParts, type OpenedParts } from '../../main/diffusion/components.ts';
import { embedded, type PromptPair } from '../../main/diffusion/guidance.ts';
import { seededNoise } from '../../main/diffusion/noise.ts';
import { flowMatchSigmas } from '../../main/diffusion/schedule.ts';
import { heldOutPrompts, type EvaluationPrompt } from '../../main/storybook/dataset.ts';
import { EffectiveScale } from './effective-scale.ts';
import { modelsFolder, table } from './models.ts';

const { values } = parseArgs({ options: {
  models: { type: 'string', default: modelsFolder }, teacher: { type: 'string', default: 'storybook' }, student: { type: 'string', default: 'storybook-teefusion' },
  scales: { type: 'string', default: '1,2,3,4,5,7,9' }, count: { type: 'string', default: '32' }, steps: { type: 'string', default: '20' },
} });
/** The noisy part of the way: σ above this. */
const noisy = 0.8;
const modelsDir = path.resolve(values.models);
const scales = values.scales.split(',').map(Number);
const [teacher, student] = [await open(values.teacher), await open(values.student)];
const sigmas = flowMatchSigmas(Number(values.steps), teacher.shift);
const sums = new Map(scales.map((scale) => [scale, { all: new EffectiveScale(), early: new EffectiveScale(), late: new EffectiveScale() }]));

const half = Math.ceil(Number(values.count) / 2);
const prompts = [...heldOutPrompts(half, 'one'), ...heldOutPrompts(half, 'two')];
for (const prompt of prompts) for (const scale of scales) await walk(prompt, scale);
const rows = scales.map((scale) => {
  const { all, early, late } = sums.get(scale)!;
  return [scale.toString(), ...[all, early, late].map((sum) => sum.scale.toFixed(2)), all.error.toFixed(4), all.gap.toFixed(3)];
});
console.log(table(['told', 'guides as', `σ > ${noisy}`, `σ ≤ ${noisy}`, 'mean square error', 'mean square of v_c − v_∅'], rows));
console.log(`\n${values.student} on the way of ${values.teacher}: ${prompts.length} held-out prompts, ${sigmas.length - 1} steps.`);
await Promise.all([teacher.close(), student.close()]);

async function open(id: string): Promise<OpenedParts> {
  return openPipelineParts(await openCheckpoint(path.join(modelsDir, id), (other) => path.join(modelsDir, other)));
}

/** The teacher's way to one picture, and what the student would have done at each of its places. */
async function walk({ prompt, seed }: EvaluationPrompt, scale: number): Promise<void> {
  const pair: PromptPair = { prompt: await teacher.textEncoder.encode(prompt), negative: await teacher.textEncoder.encode('') };
  const [channels, height, width] = teacher.velocityModel.latentShape;
  let latents = seededNoise(seed, channels * height * width);
  for (let i = 0; i + 1 < sigmas.length; i++) {
    const sigma = sigmas[i]!;
    const [unconditional, conditional] = await teacher.velocityModel.velocity(latents, sigma, [{ embedding: pair.negative }, { embedding: pair.prompt }]) as [Float32Array, Float32Array];
    const [velocity] = await student.velocityModel.velocity(latents, sigma, embedded.branches(pair, scale)) as [Float32Array];
    const target = unconditional.map((value, k) => value + scale * (conditional[k]! - value));
    const { all, early, late } = sums.get(scale)!;
    for (const sum of [all, sigma > noisy ? early : late]) sum.add({ velocity, conditional, unconditional, target });
    latents = latents.map((value, k) => value + (sigmas[i + 1]! - sigma) * target[k]!);
  }
}
