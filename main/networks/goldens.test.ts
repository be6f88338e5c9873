// The networks against outputs of reference implementations, loaded by the product's own loader.
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type * as tf from '@tensorflow/tfjs';
import { openComponent } from '../checkpoints/component.ts';
import { TextEncoderConfig, TransformerConfig, VaeConfig } from '../checkpoints/configs.ts';
import { readTensors, type Tensor } from '../checkpoints/safetensors.ts';
import { Network, type Feed } from '../diffusion/networks.ts';
import { clipTextEncoder, endPosition } from './clip.ts';
import { mmdit } from './mmdit.ts';
import { vaeDecode, vaeEncode } from './vae.ts';

const goldens = path.join(import.meta.dirname, '../../tests/fixtures/goldens');
const tolerance = 1e-4;
const errors: Record<string, number> = {};

/** Largest difference as a share of the golden's largest magnitude. */
function relativeError(actual: Float32Array, golden: Float32Array): number {
  expect(actual.length).toBe(golden.length);
  let difference = 0;
  let largest = 0;
  golden.forEach((x, i) => {
    difference = Math.max(difference, Math.abs(x - actual[i]!));
    largest = Math.max(largest, Math.abs(x));
  });
  return difference / largest;
}

function agrees(name: string, actual: Float32Array, golden: Tensor | undefined): void {
  expect(golden, `golden ${name}`).toBeDefined();
  errors[name] = relativeError(actual, golden!.data);
  console.log(`golden ${name}: ${errors[name].toExponential(1)}`);
  expect(errors[name]).toBeLessThanOrEqual(tolerance);
}

const feed = (tensor: Tensor): Feed => ({ data: tensor.data, shape: tensor.shape });
/** One row for each picture of the batch. */
const repeated = (tensor: Tensor, rows: number): Feed => {
  const data = new Float32Array(tensor.data.length * rows);
  for (let i = 0; i < rows; i++) data.set(tensor.data, i * tensor.data.length);
  return { data, shape: [rows * tensor.shape[0]!, ...tensor.shape.slice(1)] };
};

describe('transformer', () => {
  async function transformer(folder: string, changes: object) {
    const component = await openComponent(path.join(goldens, folder), TransformerConfig);
    const config = { ...component.config, ...changes };
    return new Network(component, (w, inputs) => ({ velocity: mmdit(config, w, inputs as { [K in keyof typeof inputs]: tf.Tensor } as never) }), { threads: 1 });
  }

  for (const name of ['case0', 'case1']) {
    test(`SD3, ${name}`, async () => {
      const golden = await readTensors(path.join(goldens, 'transformer-sd3', `${name}.safetensors`));
      const get = (key: string): Tensor => golden.get(key)!;
      const inputs = { latents: feed(get('hidden_states')), timestep: feed(get('timestep')), tokens: feed(get('encoder_hidden_states')), pooled: feed(get('pooled_projections')) };
      const batch = inputs.latents.shape[0]!;
      const teacher = await transformer('transformer-sd3', {});
      agrees(`transformer-sd3/${name} velocity`, (await teacher.run(inputs))['velocity']!, get('velocity'));

      const student = await transformer('transformer-sd3', { txt_align_guidance: true });
      for (const w of ['0', '2.5', '7']) {
        const out = await student.run({ ...inputs, guidance: { data: new Float32Array(batch).fill(Number(w)), shape: [batch] }, nullPooled: repeated(get('null_pooled_projections'), batch) });
        agrees(`transformer-sd3/${name} TeEFusion w=${w}`, out['velocity']!, get(`teefusion_velocity_w${w}`));
      }
      await teacher.close();
      await student.close();
    });
  }

  test('DistillCFG', async () => {
    const golden = await readTensors(path.join(goldens, 'transformer-distillcfg/case0.safetensors'));
    const get = (key: string): Tensor => golden.get(key)!;
    const student = await transformer('transformer-distillcfg', {});
    for (const g of ['1', '3.5', '7']) {
      const out = await student.run({
        latents: feed(get('hidden_states')), timestep: feed(get('timestep')), tokens: feed(get('encoder_hidden_states')),
        pooled: feed(get('pooled_projections')), guidance: { data: new Float32Array(2).fill(Number(g)), shape: [2] },
      });
      agrees(`transformer-distillcfg g=${g}`, out['velocity']!, get(`velocity_g${g}`));
    }
    await student.close();
  });
});

for (const folder of ['text_encoder', 'text_encoder_2']) {
  test(`CLIP ${folder}`, async () => {
    const golden = await readTensors(path.join(goldens, folder, 'case0.safetensors'));
    const component = await openComponent(path.join(goldens, folder), TextEncoderConfig);
    const { data, shape } = golden.get('input_ids')!;
    const [batch, length] = shape as [number, number];
    const rows = Array.from({ length: batch }, (_, i) => Array.from(data.subarray(i * length, (i + 1) * length)));
    const network = new Network(component, (w, inputs) => ({ ...clipTextEncoder(component.config, w, inputs['ids']!, inputs['end']!) }), { threads: 1 });
    const out = await network.run({
      ids: { data: Int32Array.from(data), shape },
      end: { data: Int32Array.from(rows, (ids) => endPosition(ids, component.config.eos_token_id)), shape: [batch] },
    });
    agrees(`${folder} penultimate`, out['penultimate']!, golden.get('penultimate_hidden_state'));
    agrees(`${folder} last`, out['last']!, golden.get('last_hidden_state'));
    agrees(`${folder} pooled`, out['pooled']!, golden.get('text_embeds'));
    await network.close();
  });
}

test('VAE decoder and encoder', async () => {
  const golden = await readTensors(path.join(goldens, 'vae/case0.safetensors'));
  const component = await openComponent(path.join(goldens, 'vae'), VaeConfig);
  const decoder = new Network(component, (w, inputs) => ({ image: vaeDecode(component.config, w, inputs['latents']!) }), { threads: 1 });
  agrees('vae decode', (await decoder.run({ latents: feed(golden.get('latents')!) }))['image']!, golden.get('image'));
  const encoder = new Network(component, (w, inputs) => ({ ...vaeEncode(component.config, w, inputs['image']!) }), { threads: 1 });
  agrees('vae encode', (await encoder.run({ image: feed(golden.get('encode_image')!) }))['mean']!, golden.get('encode_mean'));
  await decoder.close();
  await encoder.close();
});

test('a wrong network is told apart from the golden', async () => {
  const golden = await readTensors(path.join(goldens, 'vae/case0.safetensors'));
  const image = golden.get('image')!.data;
  expect(relativeError(image.map((x) => x * 1.001), image)).toBeGreaterThan(tolerance);
});
