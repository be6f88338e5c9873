// Trains the Storybook autoencoder from nothing on crops of drawn scenes and writes models/storybook/vae.
import path from 'node:path';
import { writeCheckpointComponent } from '../../main/checkpoints/component.ts';
import { VaeConfig } from '../../main/checkpoints/configs.ts';
import { renderBatch } from '../../main/storybook/dataset.ts';
import { vaeLoss } from '../../main/training/objectives.ts';
import { vaeParameters } from '../../main/training/networks.ts';
import { Parameters } from '../../main/training/parameters.ts';
import { TrainingRandom } from '../../main/training/random.ts';
import { resumeFrom, runTraining } from '../../main/training/run.ts';
import { Trainer } from '../../main/training/trainer.ts';
import { calibrate } from './calibrate.ts';
import { modelsFolder, progressPrinter, scriptOptions, stopSignal } from './common.ts';

const config = VaeConfig.parse({
  _class_name: 'AutoencoderKL', in_channels: 3, out_channels: 3, act_fn: 'silu',
  down_block_types: Array(4).fill('DownEncoderBlock2D'), up_block_types: Array(4).fill('UpDecoderBlock2D'),
  block_out_channels: [16, 32, 64, 64], layers_per_block: 1, latent_channels: 16, norm_num_groups: 8, sample_size: 128,
  scaling_factor: 1, shift_factor: 0, use_quant_conv: false, use_post_quant_conv: false, mid_block_add_attention: false,
});

const size = 128;
const pictures = 3000;

interface Phase {
  name: string;
  /** Pixels along a side of what is learned from, and how many a step. */
  crop: number;
  batch: number;
  steps: number;
  learningRate: number;
  scale: number;
  /** Largest disturbance of the latents. */
  wobble: number;
  /** Only the decoder learns: the latents stay as they are. */
  decoder?: boolean;
}
/**
 * Small crops first, which are cheap; then smooth latents; then whole pictures, whose statistics the normalisations see in use; at last
 * the decoder alone learns to draw clean pictures from disturbed latents (their deviation is about 1.4).
 */
const phases: Phase[] = [
  { name: 'crops', crop: 64, batch: 8, steps: 2200, learningRate: 2e-3, scale: 0, wobble: 0 },
  { name: 'smooth', crop: 64, batch: 8, steps: 1000, learningRate: 1e-3, scale: 0.5, wobble: 0 },
  { name: 'whole', crop: 128, batch: 3, steps: 600, learningRate: 5e-4, scale: 0.5, wobble: 0 },
  { name: 'robust', crop: 128, batch: 3, steps: 500, learningRate: 1e-3, scale: 0, wobble: 0.6, decoder: true },
];

const { folder, threads, seed } = scriptOptions('vae');

/** Pictures as bytes, drawn anew at each start: they are a function of the seed. */
const scenes: Uint8Array[] = [];
for (const [stage, count] of [['one-plain', 0.2], ['one', 0.5], ['two', 0.3]] as const) {
  const first = scenes.length;
  while (scenes.length < first + Math.floor(pictures * count)) {
    for (const { rgb } of await renderBatch({ seed: seed + 100, start: scenes.length, count: 50, stage, size })) scenes.push(rgb);
  }
}

/** Random crops, half of them mirrored, as [batch, 3, crop, crop] in −1..1. */
function crops({ crop, batch, wobble }: Phase, step: number): { image: Float32Array; noise: Float32Array; wobble: Float32Array } {
  const random = new TrainingRandom(seed, 2, step);
  const image = new Float32Array(batch * 3 * crop * crop);
  for (let b = 0; b < batch; b++) {
    const rgb = scenes[random.below(scenes.length)]!;
    const [top, left, mirrored] = [random.below(size - crop + 1), random.below(size - crop + 1), random.uniform() < 0.5];
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < crop; y++) {
        for (let x = 0; x < crop; x++) {
          const from = mirrored ? crop - 1 - x : x;
          image[((b * 3 + c) * crop + y) * crop + x] = rgb[((y + top) * size + from + left) * 3 + c]! / 127.5 - 1;
        }
      }
    }
  }
  return {
    image, noise: random.normals(batch * config.latent_channels * (crop / 8) ** 2),
    wobble: Float32Array.from({ length: batch }, () => wobble * random.uniform()),
  };
}

let parameters = new Parameters(vaeParameters(config), seed);
const signal = stopSignal();

/** One phase, from the parameters as they are; false when it was stopped. Leaves its average in the parameters. */
async function train(phase: Phase): Promise<boolean> {
  const { batch, crop, steps } = phase;
  const imageShape = [batch, 3, crop, crop];
  const noiseShape = [batch, config.latent_channels, crop / 8, crop / 8];
  const { values } = parameters;
  parameters = new Parameters(vaeParameters(config).map((spec) => ({ ...spec, trainable: !phase.decoder || spec.name.startsWith('decoder.') })), seed);
  parameters.values.set(values);
  const f32 = (shape: number[]) => ({ dtype: 'float32', shape }) as const;
  const trainer = await Trainer.create(parameters, { image: f32(imageShape), noise: f32(noiseShape), wobble: f32([batch]) },
    vaeLoss(config, { absolute: 0.2, divergence: 1e-4, scale: phase.scale }), { weightDecay: 0 }, { threads, gentle: true });
  const place = path.join(folder, phase.name);
  if (await resumeFrom(trainer, place, console.warn)) console.log(`${phase.name}: resuming at step ${trainer.steps}.`);
  const finished = await runTraining(trainer, {
    steps, learningRate: phase.learningRate, warmup: 100, finalShare: 0.05, averageDecay: 0.995, folder: place, checkpointEvery: 200, signal,
    batch: async (step) => {
      const { image, noise, wobble } = crops(phase, step);
      return { image: { data: image, shape: imageShape }, noise: { data: noise, shape: noiseShape }, wobble: { data: wobble, shape: [batch] } };
    },
    onStep: progressPrinter(steps, 25, batch),
  });
  parameters.values.set(trainer.average);
  await trainer.close();
  return finished;
}

let finished = true;
for (const phase of phases) finished &&= await train(phase);
if (finished) {
  const out = path.join(modelsFolder, 'storybook/vae');
  await writeCheckpointComponent(out, config, parameters.export(parameters.values, '', 'F16'));
  console.log('Written. Calibrating its latents …');
  console.log(await calibrate(out, scenes.slice(0, 256), size));
}
