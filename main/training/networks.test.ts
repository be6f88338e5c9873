// The lists of parameters against the checkpoints of reference implementations and against what the networks look up.
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { openComponent } from '../checkpoints/component.ts';
import { TextEncoderConfig, TransformerConfig, VaeConfig } from '../checkpoints/configs.ts';
import { trace, type TensorSpec } from '../graph/trace.ts';
import type { Weights } from '../networks/layers.ts';
import { clipTextEncoder } from '../networks/clip.ts';
import { mmdit } from '../networks/mmdit.ts';
import { vaeDecode, vaeEncode } from '../networks/vae.ts';
import { clipParameters, mmditParameters, vaeParameters } from './networks.ts';
import { Parameters, type ParameterSpec } from './parameters.ts';

const goldens = path.join(import.meta.dirname, '../../tests/fixtures/goldens');
const float = (...shape: number[]): TensorSpec => ({ dtype: 'float32', shape });
const whole = (...shape: number[]): TensorSpec => ({ dtype: 'int32', shape });
type Tensors = Record<string, tf.Tensor>;

/**
 * Names a forward pass looks up, and the parameters marked otherwise than its gradient says: trainable ones it does not reach, fixed
 * ones it does.
 */
function usedBy(specs: readonly ParameterSpec[], inputs: Record<string, TensorSpec>, forward: (w: Weights, tensors: Tensors) => tf.Tensor[]): { asked: string[]; fixedButReached: string[] } {
  const asked = new Set<string>();
  const fixedButReached: string[] = [];
  const all: Record<string, TensorSpec> = { ...inputs };
  for (const { name, shape } of specs) all[`weights/${name}`] = float(...shape);
  trace(all, (tensors) => {
    const weight = (name: string): tf.Tensor => tensors[`weights/${name}`]!;
    const lossOf = (chosen: readonly string[]) => (...values: tf.Tensor[]): tf.Scalar => {
      const lookup = new Map(chosen.map((name, i) => [name, values[i]!]));
      const results = forward((name) => {
        asked.add(name);
        return lookup.get(name) ?? weight(name) ?? expect.fail(`there is no '${name}'`);
      }, tensors as Tensors);
      return tf.addN(results.map((result) => result.sum()));
    };
    // tfjs throws when there is one that the gradient does not reach.
    const learning = specs.filter(({ trainable }) => trainable).map(({ name }) => name);
    tf.grads(lossOf(learning))(learning.map(weight));
    for (const { name } of specs.filter(({ trainable }) => !trainable)) {
      try {
        tf.grads(lossOf([name]))([weight(name)]);
        fixedButReached.push(name);
      } catch (thrown) {
        expect(String(thrown)).toContain('Cannot compute gradient');
      }
    }
    return { done: tf.scalar(1) };
  }, { mode: 'training' });
  return { asked: [...asked].toSorted(), fixedButReached };
}

const names = (specs: readonly ParameterSpec[]): string[] => specs.map(({ name }) => name).toSorted();
const shapes = (specs: readonly ParameterSpec[]): Record<string, readonly number[]> => Object.fromEntries(specs.map(({ name, shape }) => [name, shape]));

async function golden<S extends z.ZodType>(folder: string, schema: S): Promise<{ config: z.output<S>; stored: Record<string, number[]> }> {
  const { config, header } = await openComponent(path.join(goldens, folder), schema);
  return { config, stored: Object.fromEntries([...header.tensors].map(([name, { shape }]) => [name, shape])) };
}

describe('transformer', () => {
  test.each(['transformer-sd3', 'transformer-distillcfg'])('%s', async (folder) => {
    const { config, stored } = await golden(folder, TransformerConfig);
    const specs = mmditParameters(config);
    expect(shapes(specs)).toEqual(stored);
    const inputs = { latents: float(1, config.in_channels, 4, 4), timestep: float(1), tokens: float(1, 3, config.joint_attention_dim), pooled: float(1, config.pooled_projection_dim), guidance: float(1) };
    const { asked, fixedButReached } = usedBy(specs, inputs, (w, t) => [mmdit(config, w, { latents: t['latents']!, timestep: t['timestep']!, tokens: t['tokens']!, pooled: t['pooled']!, ...(config.guidance && { guidance: t['guidance']! }) })]);
    expect(asked).toEqual(names(specs));
    // Positions are given. The text queries of the last block are in the checkpoint and serve nothing.
    expect(fixedButReached).toEqual(['pos_embed.pos_embed']);
    expect(names(specs.filter(({ trainable }) => !trainable)).filter((name) => !name.includes(`.${config.num_layers - 1}.attn.`))).toEqual(['pos_embed.pos_embed']);
  });
});

describe('text encoder', () => {
  test.each(['text_encoder', 'text_encoder_2'])('%s', async (folder) => {
    const { config, stored } = await golden(folder, TextEncoderConfig);
    const specs = clipParameters(config);
    expect(shapes(specs)).toEqual(stored);
    const { asked } = usedBy(specs, { ids: whole(1, 4), end: whole(1) }, (w, t) => {
      const { last, pooled } = clipTextEncoder(config, w, t['ids']!, t['end']!);
      return [last, pooled];
    });
    expect(asked).toEqual(names(specs));
    expect(specs.every(({ trainable }) => trainable)).toBe(true);
  });
});

test('autoencoder', async () => {
  const { config, stored } = await golden('vae', VaeConfig);
  const specs = vaeParameters(config);
  expect(shapes(specs)).toEqual(stored);
  const side = 2 ** (config.block_out_channels.length - 1);
  const { asked } = usedBy(specs, { image: float(1, 3, side * 2, side * 2) }, (w, t) => {
    const { mean, logVariance } = vaeEncode(config, w, t['image']!);
    return [vaeDecode(config, w, mean), logVariance];
  });
  expect(asked).toEqual(names(specs));
});

describe('starting values', () => {
  const specs: ParameterSpec[] = [
    { name: 'a', shape: [40, 60], init: { kind: 'xavier', fanIn: 60, fanOut: 40 }, trainable: true },
    { name: 'b', shape: [2000], init: { kind: 'normal', deviation: 0.5 }, trainable: true },
    { name: 'c', shape: [3], init: { kind: 'ones' }, trainable: true },
  ];
  const spread = (data: Float32Array): number => Math.sqrt(data.reduce((sum, x) => sum + x * x, 0) / data.length);

  test('have the spread they name and repeat with their seed', () => {
    const made = new Parameters(specs, 9);
    expect(spread(made.view(made.values, 'a').data)).toBeCloseTo(Math.sqrt(2 / 100), 2);
    expect(spread(made.view(made.values, 'b').data)).toBeCloseTo(0.5, 1);
    expect(Array.from(made.view(made.values, 'c').data)).toEqual([1, 1, 1]);
    expect(new Parameters(specs, 9).values).toEqual(made.values);
    expect(new Parameters(specs, 10).values).not.toEqual(made.values);
  });

  test('come from a checkpoint of the same shapes only', () => {
    const made = new Parameters(specs.slice(2), 1);
    made.load(new Map([['c', { shape: [3], data: Float32Array.of(4, 5, 6) }]]));
    expect(Array.from(made.values)).toEqual([4, 5, 6]);
    expect(() => made.load(new Map([['c', { shape: [1, 3], data: new Float32Array(3) }]]))).toThrow(expect.objectContaining({ code: 'corrupt-file' }));
    expect(() => made.load(new Map())).toThrow("'c'");
  });

  test('a name declared twice is a mistake', () => {
    expect(() => new Parameters([specs[2]!, specs[2]!], 1)).toThrow("'c'");
  });
});
