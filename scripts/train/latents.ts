// Drawn scenes as the transformer sees them: normalised latents, computed once and kept on disk in half precision.
import { mkdir, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { openComponent } from '../../main/checkpoints/component.ts';
import { VaeConfig } from '../../main/checkpoints/configs.ts';
import { Network } from '../../main/diffusion/networks.ts';
import { vaeEncode } from '../../main/networks/vae.ts';
import { describeSample, renderBatch } from '../../main/storybook/dataset.ts';
import type { Stage } from '../../main/storybook/grammar.ts';
import type { Scene } from '../../main/storybook/scene.ts';
import { toPlanes } from './calibrate.ts';

const size = 128;
const chunk = 16;

export interface LatentSet {
  count: number;
  /** Numbers of one picture: channels·rows·columns. */
  length: number;
  /** Writes picture `index` to `target` at `offset`. */
  read(index: number, target: Float32Array, offset: number): void;
  scene(index: number): Scene;
}

/** The latents of `count` scenes of a stage, in `folder`; what is there already is used. */
export async function latentSet(folder: string, vae: string, stage: Stage, count: number, seed: number, log: (text: string) => void): Promise<LatentSet> {
  const component = await openComponent(vae, VaeConfig);
  const { config } = component;
  const side = size / 8;
  const length = config.latent_channels * side * side;
  const file = path.join(folder, `${stage}-${seed}.f16`);
  await mkdir(folder, { recursive: true });
  const bytes = length * 2;
  const done = Math.floor(((await stat(file).catch(() => null))?.size ?? 0) / (bytes * chunk)) * chunk;
  if (done < count) {
    const network = new Network(component, (w, { image }) => ({ mean: vaeEncode(config, w, image!).mean }), { gentle: true });
    const handle = await open(file, done === 0 ? 'w' : 'r+');
    for (let start = done; start < count; start += chunk) {
      const scenes = await renderBatch({ seed, start, count: chunk, stage, size });
      const image = toPlanes(scenes.map(({ rgb }) => rgb), size);
      const { mean } = await network.run({ image: { data: image, shape: [chunk, 3, size, size] } });
      const half = Float16Array.from(mean!, (x) => (x - config.shift_factor) * config.scaling_factor);
      await handle.write(new Uint8Array(half.buffer), 0, half.byteLength, start * bytes);
      if (start % 1600 === 0) log(`${stage}: ${start} of ${count} pictures encoded`);
    }
    await handle.close();
    await network.close();
  }
  const handle = await open(file, 'r');
  const data = new Float16Array(count * length);
  await handle.read(new Uint8Array(data.buffer), 0, data.byteLength, 0);
  await handle.close();
  return {
    count, length,
    read: (index, target, offset) => target.set(data.subarray(index * length, (index + 1) * length), offset),
    scene: (index) => describeSample(seed, index, stage).scene,
  };
}
