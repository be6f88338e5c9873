// A process of recompute.ts: makes a few training steps of one size and answers with what they took.
import { once } from 'node:events';
import type { TransformerConfig } from '../main/checkpoints/configs.ts';
import { sizeOf } from '../main/graph/values.ts';
import { studentInputs } from '../main/training/distillation-batches.ts';
import { mmditParameters } from '../main/training/networks.ts';
import { distillationLoss, prefixes, type StudentInput } from '../main/training/objectives.ts';
import { Parameters } from '../main/training/parameters.ts';
import { TrainingRandom } from '../main/training/random.ts';
import { Trainer, type Data } from '../main/training/trainer.ts';

export interface StepSize { config: TransformerConfig; tokens: number; batch: number; steps: number; recompute: boolean }
/** `beforeBytes`: resident before the first step; weights, state and the graph are there. */
export interface StepCost { peakBytes: number; beforeBytes: number; ms: number[]; loss: number }

const [{ config: given, tokens, batch, steps, recompute }] = await once(process, 'message') as [StepSize];
const config: TransformerConfig = { ...given, txt_align_guidance: true, fusion_scale: 0.1, guidance_multiplier: 110 };
const parameters = new Parameters(mmditParameters(config).map((spec) => ({
  ...spec, name: prefixes.transformer + spec.name, init: spec.init.kind === 'zeros' ? { kind: 'normal', deviation: 0.02 } : spec.init,
})), 1);
const shapes = studentInputs(config, tokens, batch);
const inputs = Object.fromEntries(Object.entries(shapes).map(([name, { shape }], i) => [name, { shape, data: new TrainingRandom(2, i).normals(sizeOf(shape)) }])) as Record<StudentInput, Data>;
const trainer = await Trainer.create<StudentInput>(parameters, shapes, distillationLoss(config), { weightDecay: 0 }, { gentle: true }, { recompute });
const beforeBytes = process.memoryUsage.rss();
const answer: StepCost = { peakBytes: 0, beforeBytes, ms: [], loss: NaN };
for (let step = 0; step < steps; step++) {
  const started = performance.now();
  answer.loss = (await trainer.step(inputs, 1e-4, 0.1)).loss;
  answer.ms.push(performance.now() - started);
}
answer.peakBytes = process.resourceUsage().maxRSS * 1024;
process.send!(answer);
process.disconnect?.();
