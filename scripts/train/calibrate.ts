// After an autoencoder is trained: makes its latents zero-mean and unit-variance for the transformer, and fits the
// linear map from latents to colours that previews use. Measures what the autoencoder keeps of a picture.
import path from 'node:path';
import { writeFileAtomic } from '../../main/checkpoints/atomic.ts';
import { openComponent } from '../../main/checkpoints/component.ts';
import { VaeConfig } from '../../main/checkpoints/configs.ts';
import { Network } from '../../main/diffusion/networks.ts';
import { vaeDecode, vaeEncode } from '../../main/networks/vae.ts';

export const toPlanes = (pictures: readonly Uint8Array[], size: number): Float32Array => {
  const area = size * size;
  const planes = new Float32Array(pictures.length * 3 * area);
  pictures.forEach((rgb, n) => {
    for (let c = 0; c < 3; c++) for (let i = 0; i < area; i++) planes[(n * 3 + c) * area + i] = rgb[i * 3 + c]! / 127.5 - 1;
  });
  return planes;
};

/** Solves the symmetric system A·x = b by elimination; A is small and positive definite. */
function solve(a: number[][], b: number[]): number[] {
  const m = a.map((row, i) => [...row, b[i]!]);
  for (let i = 0; i < m.length; i++) {
    const pivot = m[i]!;
    for (let j = i + 1; j < m.length; j++) {
      const factor = m[j]![i]! / pivot[i]!;
      for (let k = i; k <= m.length; k++) m[j]![k]! -= factor * pivot[k]!;
    }
  }
  const x = new Array<number>(m.length).fill(0);
  for (let i = m.length - 1; i >= 0; i--) {
    x[i] = (m[i]![m.length]! - x.reduce((sum, v, j) => (j > i ? sum + v * m[i]![j]! : sum), 0)) / m[i]![i]!;
  }
  return x;
}

/** Writes `scaling_factor`, `shift_factor` and latent_rgb.json into the folder. Returns what it measured. */
export async function calibrate(folder: string, pictures: readonly Uint8Array[], size: number): Promise<{ mean: number; deviation: number; psnr: number }> {
  const component = await openComponent(folder, VaeConfig);
  const { config } = component;
  const encoder = new Network(component, (w, { image }) => ({ mean: vaeEncode(config, w, image!).mean }), { gentle: true });
  const decoder = new Network(component, (w, { latents }) => ({ image: vaeDecode(config, w, latents!) }), { gentle: true });
  const channels = config.latent_channels;
  const side = size / 8;
  const area = side * side;
  const batch = 8;
  const all: Float32Array[] = [];
  let squared = 0;
  for (let start = 0; start + batch <= pictures.length; start += batch) {
    const image = toPlanes(pictures.slice(start, start + batch), size);
    const { mean } = await encoder.run({ image: { data: image, shape: [batch, 3, size, size] } });
    all.push(Float32Array.from(mean!));
    const decoded = (await decoder.run({ latents: { data: mean!, shape: [batch, channels, side, side] } }))['image']!;
    // Error in units of the 0..1 range.
    for (let i = 0; i < image.length; i++) squared += ((Math.max(-1, Math.min(1, decoded[i]!)) - image[i]!) / 2) ** 2 / image.length;
  }
  await encoder.close();
  await decoder.close();
  const count = all.length * batch * channels * area;
  const mean = all.reduce((sum, part) => sum + part.reduce((s, x) => s + x, 0), 0) / count;
  const deviation = Math.sqrt(all.reduce((sum, part) => sum + part.reduce((s, x) => s + (x - mean) ** 2, 0), 0) / count);

  // Least squares from normalised latents (and a constant) to the mean colour of their 8×8 pixels.
  const n = channels + 1;
  const gram = Array.from({ length: n }, () => new Array<number>(n).fill(0));
  const right = Array.from({ length: 3 }, () => new Array<number>(n).fill(0));
  all.forEach((part, p) => {
    for (let b = 0; b < batch; b++) {
      const rgb = pictures[p * batch + b]!;
      for (let at = 0; at < area; at++) {
        const row = Array.from({ length: channels }, (_, c) => (part[(b * channels + c) * area + at]! - mean) / deviation);
        row.push(1);
        const [y, x] = [Math.floor(at / side) * 8, (at % side) * 8];
        const colour = [0, 0, 0];
        for (let i = 0; i < 64; i++) for (let c = 0; c < 3; c++) colour[c]! += rgb[((y + (i >> 3)) * size + x + (i & 7)) * 3 + c]! / 255 / 64;
        row.forEach((value, i) => {
          row.forEach((other, j) => (gram[i]![j]! += value * other));
          for (let c = 0; c < 3; c++) right[c]![i]! += value * colour[c]!;
        });
      }
    }
  });
  gram.forEach((row, i) => (row[i]! += 1e-3));
  const maps = right.map((column) => solve(gram, column));
  const rounded = (x: number): number => Number(x.toPrecision(6));
  await writeFileAtomic(path.join(folder, 'latent_rgb.json'), `${JSON.stringify({ weight: maps.map((map) => map.slice(0, channels).map(rounded)), bias: maps.map((map) => rounded(map[channels]!)) })}\n`);
  await writeFileAtomic(path.join(folder, 'config.json'), `${JSON.stringify({ ...config, scaling_factor: rounded(1 / deviation), shift_factor: rounded(mean) }, null, 2)}\n`);
  return { mean, deviation, psnr: -10 * Math.log10(squared / all.length) };
}
