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

const crop = 64;
const batch = 8;
const size = 128;
const pictures = 3000;

const { folder, threads, steps = null, seed } = scriptOptions('vae');
const total = steps ?? 3000;

/** Pictures as bytes, drawn anew at each start: they are a function of the seed. */
const scenes: Uint8Array[] = [];
for (const [stage, count] of [['one-plain', 0.2], ['one', 0.5], ['two', 0.3]] as const) {
  const first = scenes.length;
  while (scenes.length < first + Math.floor(pictures * count)) {
    for (const { rgb } of await renderBatch({ seed: seed + 100, start: scenes.length, count: 50, stage, size })) scenes.push(rgb);
  }
}

/** Random crops, half of them mirrored, as [batch, 3, crop, crop] in −1..1. */
function crops(step: number): { image: Float32Array; noise: Float32Array } {
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
  return { image, noise: random.normals(batch * config.latent_channels * (crop / 8) ** 2) };
}

const imageShape = [batch, 3, crop, crop];
const noiseShape = [batch, config.latent_channels, crop / 8, crop / 8];
const parameters = new Parameters(vaeParameters(config), seed);
const trainer = await Trainer.create(parameters, { image: { dtype: 'float32', shape: imageShape }, noise: { dtype: 'float32', shape: noiseShape } },
  vaeLoss(config, { absolute: 0.2, divergence: 1e-4 }), { weightDecay: 0 }, { threads, gentle: true });
if (await resumeFrom(trainer, folder, console.warn)) console.log(`Resuming at step ${trainer.steps}.`);

const finished = await runTraining(trainer, {
  steps: total, learningRate: 2e-3, warmup: 100, finalShare: 0.05, averageDecay: 0.995, folder, checkpointEvery: 250, signal: stopSignal(),
  batch: async (step) => {
    const { image, noise } = crops(step);
    return { image: { data: image, shape: imageShape }, noise: { data: noise, shape: noiseShape } };
  },
  onStep: progressPrinter(total, 25, batch),
});
if (finished) {
  const out = path.join(modelsFolder, 'storybook/vae');
  await writeCheckpointComponent(out, config, parameters.export(trainer.average, '', 'F16'));
  console.log('Written. Calibrating its latents …');
  console.log(await calibrate(out, scenes.slice(0, 256), size));
}
await trainer.close();
