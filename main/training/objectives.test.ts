// How errors of several guidance scales are weighed against one another, in the golden transformer as a student.
import path from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { openComponent } from '../checkpoints/component.ts';
import { TransformerConfig } from '../checkpoints/configs.ts';
import { readTensors } from '../checkpoints/safetensors.ts';
import { embeddedNumber } from '../diffusion/components.ts';
import { runGraph } from '../graph/testing.ts';
import { trace, type TensorSpec } from '../graph/trace.ts';
import type { Checkpoint } from '../checkpoints/folder.ts';
import { DistillRequest } from '../contract/distillation.ts';
import { at } from '../networks/layers.ts';
import { mmdit } from '../networks/mmdit.ts';
import { emphasisOf } from './distillation.ts';
import { studentInputs } from './distillation-batches.ts';
import { studentConfig } from './distillation-start.ts';
import { distillationLoss, type Emphasis, type StudentInput } from './objectives.ts';
import { TrainingRandom } from './random.ts';

const component = await openComponent(path.join(import.meta.dirname, '../../tests/fixtures/goldens/transformer-sd3'), TransformerConfig);
const weights = [...await readTensors(component.weights)].map(([name, { shape, data }]) => [`transformer.${name}`, { dtype: 'float32', shape, data }] as const);

type Inputs = Record<StudentInput, { dtype: 'float32'; shape: readonly number[]; data: Float32Array }>;

/** The loss of samples of these scales γ. All other inputs are the same for all samples. */
async function lossOf(scales: readonly number[], emphasis?: Emphasis, guidanceEmbedding: 'scale' | 'w' = 'scale', sigma = 0.4, change: (inputs: Inputs, velocity: Float32Array) => Partial<Inputs> = () => ({})): Promise<number> {
  const config = studentConfig(component.config, { kind: 'teefusion', guidanceEmbedding, guidanceMultiplier: 110 }, 0.5);
  const random = Object.entries<TensorSpec>(studentInputs(config, 5, scales.length)).map(([name, { shape: [count, ...shape] }], i) => {
    const one = name === 'sigma' ? Float32Array.of(sigma) : new TrainingRandom(5, i).normals(shape.reduce((size, side) => size * side, 1));
    const data = name === 'guidance' ? Float32Array.from(scales, (scale) => embeddedNumber(config, scale)) : Float32Array.from({ length: count! * one.length }, (_, at) => one[at % one.length]!);
    return [name, { dtype: 'float32', shape: [count!, ...shape], data }] as const;
  });
  const inputs = Object.fromEntries(random) as unknown as Inputs;
  const plain = { ...Object.fromEntries(weights), ...inputs };
  const network = trace(plain as Record<string, TensorSpec>, (all) => ({
    velocity: mmdit(config, at((name) => all[name]!, 'transformer'), {
      latents: all['latents']!, timestep: all['sigma']!.mul(1000), tokens: all['tokens']!, pooled: all['pooled']!, guidance: all['guidance']!, nullPooled: all['null_pooled']!,
    }),
  }));
  const velocity = (await runGraph(network, plain as Parameters<typeof runGraph>[1])).get('velocity')!.data as Float32Array;
  const given = { ...plain, ...change(inputs, velocity) };
  const graph = trace(given as Record<string, TensorSpec>, (all) => ({ loss: distillationLoss(config, emphasis)((name) => all[name]!, all as unknown as Record<StudentInput, tf.Tensor>) }));
  return (await runGraph(graph, given as Parameters<typeof runGraph>[1])).get('loss')!.data[0]!;
}

const knee = (lossKnee: number, guidanceRange: [number, number] = [1, 9]): Emphasis => ({ lossKnee, guidanceRange, weighSteps: false, guidanceEmphasis: 0, shift: 3 });

it('weighs a scale by its distance from 1: half at the knee, a fifth at twice as far', async () => {
  const [one, three, five] = [await lossOf([1]), await lossOf([3]), await lossOf([5])];
  expect(new Set([one, three, five]).size).toBe(3);
  const unit = (await lossOf([1], knee(2))) / one;
  expect(await lossOf([3], knee(2))).toBeCloseTo(unit * three / 2, 5);
  expect(await lossOf([5], knee(2))).toBeCloseTo(unit * five / 5, 5);
  expect(await lossOf([1, 3, 5], knee(2))).toBeCloseTo(unit * (one + three / 2 + five / 5) / 3, 5);
});

it('weighs by 1 on the average over the range, and alike without a knee', async () => {
  const mean = async (emphasis: Emphasis, scales: readonly number[]): Promise<number> => {
    const weighed = await Promise.all(scales.map(async (scale) => (await lossOf([scale], emphasis)) / (await lossOf([scale]))));
    return weighed.reduce((sum, weight) => sum + weight / scales.length, 0);
  };
  const [count, low, high] = [16, 2, 6];
  const middles = Array.from({ length: count }, (_, i) => low + ((i + 0.5) * (high - low)) / count);
  expect(await mean(knee(1.5, [low, high]), middles)).toBeCloseTo(1, 2);
  expect(await mean(knee(2, [4, 4]), [4])).toBeCloseTo(1, 5);
  expect(await lossOf([2, 7], knee(0))).toBe(await lossOf([2, 7]));
});

it('knows the scale of a student that is fed w', async () => {
  const ratio = async (embedding: 'scale' | 'w'): Promise<number> => (await lossOf([5], knee(2), embedding)) / (await lossOf([5], undefined, embedding));
  expect(await ratio('w')).toBeCloseTo(await ratio('scale'), 5);
});

it('weighs a level by how far the shifted schedule goes there', async () => {
  const shift = 3;
  const weightAt = async (sigma: number, lossKnee = 0): Promise<number> =>
    (await lossOf([3], { ...knee(lossKnee), weighSteps: true, shift }, 'scale', sigma)) / (await lossOf([3], knee(lossKnee), 'scale', sigma));
  const sigmaAt = (u: number): number => (shift * u) / (1 + (shift - 1) * u);
  for (const u of [0.02, 0.5, 0.98]) expect(await weightAt(sigmaAt(u))).toBeCloseTo((sigmaAt(u + 0.01) - sigmaAt(u - 0.01)) / 0.02, 2);
  expect(await weightAt(sigmaAt(0.5), 2)).toBeCloseTo(await weightAt(sigmaAt(0.5)), 4);
});

it('counts an error along the guidance more, by what it says, and with no guidance nothing more', async () => {
  const emphasised = (guidanceEmphasis: number): Emphasis => ({ ...knee(0), guidanceEmphasis });
  let expected = NaN;
  const plain = await lossOf([3], undefined, 'scale', 0.4, (inputs, velocity) => {
    const error = velocity.map((value, i) => value - inputs.target.data[i]!);
    const direction = inputs.target.data.map((value, i) => value - inputs.conditional.data[i]!);
    const sum = (of: (i: number) => number): number => error.reduce((total, _, i) => total + of(i), 0);
    expected = sum((i) => error[i]! * direction[i]!) ** 2 / sum((i) => direction[i]! ** 2) / error.length;
    return {};
  });
  expect(expected / plain).toBeGreaterThan(1e-4);
  for (const emphasis of [0.5, 3]) expect((await lossOf([3], emphasised(emphasis)) - plain) / emphasis).toBeCloseTo(expected, 4);
  // All of the error along it; none of it.
  const along = await lossOf([3], emphasised(3), 'scale', 0.4, ({ target }, velocity) => ({ conditional: { ...target, data: target.data.map((value, i) => value + 2 * (velocity[i]! - value)) } }));
  expect(along / plain).toBeCloseTo(4, 4);
  expect(await lossOf([3], emphasised(3), 'scale', 0.4, ({ target }) => ({ conditional: target }))).toBe(plain);
});

it('leaves a reflecting strategy\'s errors as they are but for the scale', () => {
  const request = DistillRequest.parse({ lossKnee: 2, weighSteps: true, guidanceEmphasis: 3 });
  const scheduler = { config: { shift: 3 } } as Checkpoint['scheduler'];
  expect(emphasisOf(request, { scheduler })).toMatchObject({ lossKnee: 2, weighSteps: true, guidanceEmphasis: 3 });
  for (const strategy of ['z-sampling', 'w2sd'] as const) expect(emphasisOf({ ...request, strategy }, { scheduler })).toMatchObject({ lossKnee: 2, weighSteps: false, guidanceEmphasis: 3 });
});
