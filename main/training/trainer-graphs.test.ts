// Computing blocks again changes no gradient: the golden transformer, as a TeEFusion student, with and without.
import path from 'node:path';
import { expect, it } from 'vitest';
import { openComponent } from '../checkpoints/component.ts';
import { TransformerConfig } from '../checkpoints/configs.ts';
import { readTensors } from '../checkpoints/safetensors.ts';
import { runGraph, type Operand } from '../graph/testing.ts';
import { studentInputs } from './distillation-batches.ts';
import { mmditParameters } from './networks.ts';
import { distillationLoss, prefixes } from './objectives.ts';
import { Parameters } from './parameters.ts';
import { gradientGraph } from './trainer-graphs.ts';

const folder = path.join(import.meta.dirname, '../../tests/fixtures/goldens/transformer-sd3');

it('gives the golden transformer the same loss and gradients', async () => {
  const component = await openComponent(folder, TransformerConfig);
  const golden = await readTensors(path.join(folder, 'case0.safetensors'));
  const latents = golden.get('hidden_states')!;
  const text = golden.get('encoder_hidden_states')!;
  const [batch, , side] = latents.shape as [number, number, number];
  const config: TransformerConfig = { ...component.config, sample_size: side, txt_align_guidance: true, fusion_scale: 0.25, guidance_multiplier: 110 };
  const parameters = new Parameters(mmditParameters(config).map((spec) => ({ ...spec, name: prefixes.transformer + spec.name })), 1);
  parameters.load(await readTensors(component.weights), prefixes.transformer);
  const inputs = studentInputs(config, text.shape[1]!, batch);
  const given: Record<string, Float32Array> = {
    latents: latents.data, target: golden.get('velocity')!.data.map((x) => 1.5 * x), tokens: text.data, pooled: golden.get('pooled_projections')!.data,
    conditional: golden.get('velocity')!.data, sigma: golden.get('timestep')!.data.map((t) => t / 1000), guidance: Float32Array.from({ length: batch }, (_, i) => 2 + i),
  };
  const empty = golden.get('null_pooled_projections')!.data;
  given['null_pooled'] = Float32Array.from(given['pooled']!, (_, i) => empty[i % empty.length]!);
  const operand = (shape: readonly number[], data: Float32Array): Operand => ({ dtype: 'float32', shape, data });
  const feeds = Object.fromEntries([
    ...Object.entries(inputs).map(([name, { shape }]) => [`in/${name}`, operand(shape, given[name]!)] as const),
    ...parameters.views(parameters.values).map(({ name, shape, data }) => [`value/${name}`, operand(shape, data)] as const),
    ...parameters.specs.filter(({ trainable }) => trainable).map(({ name, shape }) => [`gradient/${name}`, operand(shape, new Float32Array(parameters.view(parameters.values, name).data.length))] as const),
  ]);
  const graphs = [false, true].map((recompute) => gradientGraph(parameters.specs, inputs, distillationLoss(config), 1, { recompute }));
  expect(graphs[1]!.nodes.length).toBeGreaterThan(graphs[0]!.nodes.length);
  const [plain, again] = [await runGraph(graphs[0]!, feeds), await runGraph(graphs[1]!, feeds)];
  expect(again.size).toBe(plain.size);
  const largest = (data: ArrayLike<number>): number => Math.max(...Array.from(data, Math.abs));
  expect(largest(Array.from(plain.values(), ({ data }) => largest(data)))).toBeGreaterThan(0.01);
  for (const [name, { data }] of plain) {
    // A bias's gradient is a sum over all tokens, in which most of a key's cancels: its rounding is that of its matrix's.
    const matrix = plain.get(name.replace(/bias$/, 'weight'))!;
    const difference = largest(Array.from(data, (x, i) => x - again.get(name)!.data[i]!));
    expect(difference / Math.max(largest(data), largest(matrix.data)), name).toBeLessThanOrEqual(1e-6);
  }
});
