// Distils a TeEFusion student from the Storybook teacher under Euler+CFG and writes models/storybook-teefusion.
import path from 'node:path';
import { openCheckpoint } from '../../main/checkpoints/folder.ts';
import { hashCheckpoint } from '../../main/checkpoints/hash.ts';
import { TransformerConfig } from '../../main/checkpoints/configs.ts';
import { readTensors } from '../../main/checkpoints/safetensors.ts';
import { mmditParameters } from '../../main/training/networks.ts';
import { distillationLoss, prefixes } from '../../main/training/objectives.ts';
import { Parameters } from '../../main/training/parameters.ts';
import { TrainingRandom } from '../../main/training/random.ts';
import { resumeFrom, runTraining } from '../../main/training/run.ts';
import { Trainer } from '../../main/training/trainer.ts';
import { modelsFolder, progressPrinter, scriptOptions, stopSignal } from './common.ts';
import { writeStudent } from './storybook.ts';
import { fusionSizes, TeacherText, teachingPoints } from './teaching.ts';

const { folder, threads, steps, seed } = scriptOptions('student');
const total = steps ?? 400;
const batch = 64;
const pointCount = 8192;
const guidanceRange: readonly [number, number] = [1, 9];
/** Keeps 110·g inside the timesteps that the teacher's embedder has seen (METHOD). */
const guidanceMultiplier = 110;
/** The fused term starts at this share of F(c)'s size. */
const fusedShare = 1 / 3;

const session = { threads, gentle: true };
const teacher = await openCheckpoint(path.join(modelsFolder, 'storybook'), () => '');
const text = await TeacherText.open(teacher, session);
const points = await teachingPoints(teacher, text, pointCount, seed + 50, path.join(folder, '../latents'), session, console.log);
const sizes = await fusionSizes(teacher, text, guidanceMultiplier, guidanceRange, points.prompts.slice(0, 64), session);
const fusionScale = Number(((fusedShare * sizes.text) / sizes.fused).toPrecision(3));
console.log(`F(c) has size ${sizes.text.toFixed(3)}, the fused term ${sizes.fused.toFixed(3)}: fusion_scale ${fusionScale}.`);

const config = TransformerConfig.parse({ ...teacher.transformer.config, txt_align_guidance: true, fusion_scale: fusionScale, guidance_multiplier: guidanceMultiplier, guidance_embedding: 'scale' });
const specs = mmditParameters(config).map((spec) => ({ ...spec, name: prefixes.transformer + spec.name }));
const parameters = new Parameters(specs, seed);
parameters.load(await readTensors(teacher.transformer.weights), prefixes.transformer);

const width = config.joint_attention_dim;
const shapes = {
  latents: [batch, config.in_channels, config.sample_size, config.sample_size], sigma: [batch], tokens: [batch, text.maxTokens, width],
  pooled: [batch, config.pooled_projection_dim], null_pooled: [batch, config.pooled_projection_dim], guidance: [batch],
  target: [batch, config.in_channels, config.sample_size, config.sample_size],
};
const float = (shape: readonly number[]) => ({ dtype: 'float32' as const, shape });
const trainer = await Trainer.create(parameters, {
  latents: float(shapes.latents), sigma: float(shapes.sigma), tokens: float(shapes.tokens), pooled: float(shapes.pooled),
  null_pooled: float(shapes.null_pooled), guidance: float(shapes.guidance), target: float(shapes.target),
}, distillationLoss(config), { weightDecay: 0 }, session);
if (await resumeFrom(trainer, folder, console.warn)) console.log(`Resuming at step ${trainer.steps}.`);

const nothing = (await text.encode([''])).pooled.slice();
const nullPooled = new Float32Array(batch * nothing.length);
for (let b = 0; b < batch; b++) nullPooled.set(nothing, b * nothing.length);

async function makeBatch(step: number) {
  const random = new TrainingRandom(seed, 5, step);
  const { length } = points;
  const latents = new Float32Array(batch * length);
  const target = new Float32Array(batch * length);
  const sigma = new Float32Array(batch);
  const guidance = new Float32Array(batch);
  const prompts: string[] = [];
  for (let b = 0; b < batch; b++) {
    const index = random.below(points.prompts.length);
    const scale = guidanceRange[0] + (guidanceRange[1] - guidanceRange[0]) * random.uniform();
    const at = index * length;
    for (let i = 0; i < length; i++) {
      const none = points.unconditional[at + i]!;
      latents[b * length + i] = points.latents[at + i]!;
      target[b * length + i] = none + scale * (points.conditional[at + i]! - none);
    }
    sigma[b] = points.sigma[index]!;
    guidance[b] = scale;
    prompts.push(points.prompts[index]!);
  }
  const { tokens, pooled } = await text.encode(prompts);
  const data = { latents, sigma, tokens, pooled, null_pooled: nullPooled, guidance, target };
  return Object.fromEntries(Object.entries(data).map(([name, values]) => [name, { data: values, shape: shapes[name as keyof typeof shapes] }])) as
    Record<keyof typeof shapes, { data: Float32Array; shape: number[] }>;
}

const finished = await runTraining(trainer, {
  steps: total, learningRate: 5e-4, warmup: 30, finalShare: 0.05, averageDecay: 0.99, folder, checkpointEvery: 100, signal: stopSignal(),
  batch: makeBatch, onStep: progressPrinter(total, 20, batch),
});
if (finished) {
  await writeStudent(path.join(modelsFolder, 'storybook-teefusion'), 'storybook', config, parameters, trainer.average, {
    teacher: 'storybook', teacher_hash: await hashCheckpoint(teacher), strategy: 'euler', strategy_parameters: {},
    guidance_range: guidanceRange, distilled_steps: null, points: 'noised-images', samples: total * batch,
  });
}
await text.close();
await trainer.close();
