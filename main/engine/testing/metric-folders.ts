// Registers small metrics with random weights in a folder, as a person would: graphs of the project's own recorder and a metric.json.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { encodeModel } from '../../graph/model.ts';
import { trace, type TensorSpec } from '../../graph/trace.ts';
import { createRng } from '../../storybook/rng.ts';
import { words } from '../../storybook/vocabulary.ts';
import { wordTokenizerJson } from '../../text/words.ts';

export const side = 8;
const pixels = 3 * side * side;
const maxTokens = 12;
const width = 5;
export const imageShape = [1, 3, side, side] as const;

/** Reproducible weights around 0. */
export function weights(count: number, seed: number): Float32Array {
  const rng = createRng(seed);
  return Float32Array.from({ length: count }, () => rng.next() - 0.5);
}

type Build = Parameters<typeof trace>[1];

async function writeGraph(path: string, inputs: Record<string, TensorSpec>, build: Build): Promise<void> {
  await writeFile(path, encodeModel(trace(inputs, build), { locate: (file) => file }));
}

async function writeMetric(metrics: string, id: string, description: object): Promise<string> {
  const dir = join(metrics, id);
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'metric.json'), JSON.stringify(description));
  return dir;
}

const imageInput: TensorSpec = { dtype: 'float32', shape: imageShape };
const input = { width: side, height: side, range: [-1, 1], mean: [0.1, 0, -0.1], std: [1, 2, 0.5] };

/** One number: the pixels' values times `weights(192, 1)`; `factor` of it, so that NaN can be had. */
export async function scalarMetric(metrics: string, id = 'taste', { description = {}, factor = 1 }: { description?: object; factor?: number } = {}): Promise<string> {
  const dir = await writeMetric(metrics, id, { name: 'Taste', model: 'model.onnx', input, output: { kind: 'scalar' }, ...description });
  await writeGraph(join(dir, 'model.onnx'), { pixels: imageInput }, ({ pixels: x }) =>
    ({ score: tf.mul(tf.sum(tf.mul(tf.reshape(x!, [pixels]), tf.tensor1d(weights(pixels, 1)))), factor) }));
  return dir;
}

/** A dual encoder: picture and masked token embeddings, each a random linear map to five numbers. */
export async function dualMetric(metrics: string, id = 'likeness'): Promise<string> {
  const dir = await writeMetric(metrics, id, {
    name: 'Likeness', model: 'image.onnx', input, higherIsBetter: false,
    output: { kind: 'dual', name: 'image_embeds', scale: 100, text: { model: 'text.onnx', maxTokens, name: 'text_embeds' } },
  });
  const tokenizer = wordTokenizerJson(words()) as { model: { vocab: Record<string, number> } };
  await writeFile(join(dir, 'tokenizer.json'), JSON.stringify(tokenizer));
  const rows = Object.keys(tokenizer.model.vocab).length;
  await writeGraph(join(dir, 'image.onnx'), { pixel_values: imageInput }, ({ pixel_values: x }) =>
    ({ image_embeds: tf.matMul(tf.reshape(x!, [1, pixels]), tf.tensor2d(weights(pixels * width, 2), [pixels, width])), further: tf.sum(x!) }));
  const ids: TensorSpec = { dtype: 'int32', shape: [1, maxTokens] };
  await writeGraph(join(dir, 'text.onnx'), { input_ids: ids, attention_mask: ids }, ({ input_ids: tokens, attention_mask: mask }) => {
    const embedded = tf.gather(tf.tensor2d(weights(rows * width, 3), [rows, width]), tf.reshape(tokens!, [maxTokens]) as tf.Tensor1D);
    const seen = tf.reshape(tf.cast(mask!, 'float32'), [maxTokens, 1]);
    return { text_embeds: tf.reshape(tf.sum(tf.mul(embedded, seen), 0), [1, width]), further: tf.sum(seen) };
  });
  return dir;
}
