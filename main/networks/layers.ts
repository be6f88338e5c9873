// Layers as functions over tfjs tensors. Images are N, C, H, W; parameters have PyTorch's names and shapes.
// While a graph is recorded, fused operators stand in for the composed forms; on other backends the composed forms run.
import * as tf from '@tensorflow/tfjs';
import { fused } from '../graph/kernels/fused.ts';
import { recordingMode } from '../graph/trace.ts';

/** Looks a parameter up by its full name in the checkpoint. Throws when there is none. */
export type Weights = (name: string) => tf.Tensor;

/** The same parameters seen from below: `at(w, 'attn')('to_q.weight')` is `w('attn.to_q.weight')`. */
export const at = (w: Weights, prefix: string): Weights => (name) => w(`${prefix}.${name}`);

function runFused(name: string, inputs: Record<string, tf.Tensor>, attrs: Record<string, unknown>): tf.Tensor[] {
  const out = tf.engine().runKernel(name, inputs, attrs as never) as tf.Tensor | tf.Tensor[];
  return Array.isArray(out) ? out : [out];
}

/** x [..., in] · weightᵀ [out, in] + bias → [..., out]. */
export function linear(w: Weights, x: tf.Tensor, options: { bias?: boolean } = {}): tf.Tensor {
  const weight = w('weight');
  const rows = x.reshape([-1, x.shape.at(-1)!]);
  const y = tf.matMul(rows, weight, false, true);
  const biased = options.bias === false ? y : y.add(w('bias'));
  return biased.reshape([...x.shape.slice(0, -1), weight.shape[0]!]);
}

/**
 * A fused normalisation of the last axis, y and its factor 1/√(…), with the gradient in the few passes over memory that it needs:
 * dx = factor·(dy [− mean(dy)] − y·mean(dy·y)).
 */
const normalizeFused = (kernel: string, epsilon: number, centred: boolean): ((x: tf.Tensor) => tf.Tensor) => tf.customGrad((input, save) => {
  const x = input as tf.Tensor;
  const [y, factor] = runFused(kernel, { x }, { epsilon }) as [tf.Tensor, tf.Tensor];
  (save as tf.GradSaveFunc)([y, factor]);
  return {
    value: y,
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [normal, scale] = saved as [tf.Tensor, tf.Tensor];
      const projection = normal.mul(dy.mul(normal).mean(-1, true));
      return (centred ? dy.sub(dy.mean(-1, true)) : dy).sub(projection).mul(scale);
    },
  };
}) as (x: tf.Tensor) => tf.Tensor;

/** (x − mean)/√(var + ε) over the last axis. */
export function standardize(x: tf.Tensor, epsilon: number): tf.Tensor {
  if (recordingMode()) return normalizeFused(fused.layerNorm, epsilon, true)(x);
  const centred = x.sub(x.mean(-1, true));
  return centred.mul(centred.square().mean(-1, true).add(epsilon).rsqrt());
}

/** Layer normalisation with weight and bias of the last axis. */
export function layerNorm(w: Weights, x: tf.Tensor, epsilon: number): tf.Tensor {
  if (recordingMode() === 'inference') return runFused(fused.layerNorm, { x, scale: w('weight'), bias: w('bias') }, { epsilon })[0]!;
  return standardize(x, epsilon).mul(w('weight')).add(w('bias'));
}

/** x / √(mean(x²) + ε) · weight over the last axis. */
export function rmsNorm(w: Weights, x: tf.Tensor, epsilon: number): tf.Tensor {
  const mode = recordingMode();
  if (mode === 'inference') return runFused(fused.rmsNorm, { x, scale: w('weight') }, { epsilon })[0]!;
  const normal = mode ? normalizeFused(fused.rmsNorm, epsilon, false)(x) : x.mul(x.square().mean(-1, true).add(epsilon).rsqrt());
  return normal.mul(w('weight'));
}

/** Group normalisation of images [n, c, h, w]. */
export function groupNorm(w: Weights, x: tf.Tensor, groups: number, epsilon: number): tf.Tensor {
  const [n, c, height, width] = x.shape as [number, number, number, number];
  const normal = standardize(x.reshape([n, groups, (c / groups) * height * width]), epsilon).reshape([n, c, height, width]);
  return normal.mul(w('weight').reshape([1, c, 1, 1])).add(w('bias').reshape([1, c, 1, 1]));
}

export const silu = (x: tf.Tensor): tf.Tensor => x.mul(tf.sigmoid(x));
/** CLIP-L's approximation of GELU. */
export const quickGelu = (x: tf.Tensor): tf.Tensor => x.mul(tf.sigmoid(x.mul(1.702)));

const cubic = 0.044715;
const twiceRootTwoOverPi = 2 * Math.sqrt(2 / Math.PI);
/** tanh-GELU(x) = x·sigmoid(z) with z = 2√(2/π)·(x + 0.044715·x³). */
const geluArgument = (x: tf.Tensor): tf.Tensor => x.square().mul(cubic * twiceRootTwoOverPi).add(twiceRootTwoOverPi).mul(x);

const geluTanhFused = tf.customGrad((input, save) => {
  const x = input as tf.Tensor;
  (save as tf.GradSaveFunc)([x]);
  return {
    value: runFused(fused.gelu, { x }, { approximate: 'tanh' })[0]!,
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [v] = saved as [tf.Tensor];
      const gate = tf.sigmoid(geluArgument(v));
      // x·z′ = 2√(2/π)·(x + 3·0.044715·x³)
      const slope = v.square().mul(3 * cubic * twiceRootTwoOverPi).add(twiceRootTwoOverPi).mul(v);
      return dy.mul(gate).mul(tf.sub(1, gate).mul(slope).add(1));
    },
  };
}) as (x: tf.Tensor) => tf.Tensor;

export const geluTanh = (x: tf.Tensor): tf.Tensor => (recordingMode() ? geluTanhFused(x) : x.mul(tf.sigmoid(geluArgument(x))));

/** The exact GELU, x·Φ(x). */
export const gelu = (x: tf.Tensor): tf.Tensor =>
  recordingMode() === 'inference' ? runFused(fused.gelu, { x }, { approximate: 'none' })[0]! : x.mul(0.5).mul(tf.erf(x.mul(Math.SQRT1_2)).add(1));

const splitHeads = (x: tf.Tensor, heads: number): tf.Tensor => {
  const [batch, tokens, width] = x.shape as [number, number, number];
  return x.reshape([batch, tokens, heads, width / heads]).transpose([0, 2, 1, 3]);
};

/**
 * Scaled dot-product attention. q, k, v: [batch, tokens, width]; `mask`, when given, is added to the scores
 * [batch, heads, tokens, tokens]. Returns [batch, tokens, width].
 */
export function attention(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, heads: number, mask?: tf.Tensor): tf.Tensor {
  if (recordingMode() === 'inference' && !mask) return runFused(fused.attention, { q, k, v }, { heads })[0]!;
  const [batch, tokens, width] = q.shape as [number, number, number];
  const scores = tf.matMul(splitHeads(q.mul(1 / Math.sqrt(width / heads)), heads), splitHeads(k, heads), false, true);
  const mixed = tf.matMul(tf.softmax(mask ? scores.add(mask) : scores), splitHeads(v, heads));
  return mixed.transpose([0, 2, 1, 3]).reshape([batch, tokens, width]);
}

/** Convolution of [n, c, h, w] with weight [out, in, kh, kw] and bias. */
export function conv2d(w: Weights, x: tf.Tensor, options: { stride?: number; padding?: number } = {}): tf.Tensor {
  const weight = w('weight');
  const y = tf.conv2d(x as tf.Tensor4D, weight.transpose([2, 3, 1, 0]) as tf.Tensor4D, options.stride ?? 1, options.padding ?? 0, 'NCHW');
  return y.add(w('bias').reshape([1, weight.shape[0]!, 1, 1]));
}

/** Doubles height and width of [n, c, h, w] by repeating pixels. */
export function upsampleNearest(x: tf.Tensor): tf.Tensor {
  const [n, c, h, width] = x.shape as [number, number, number, number];
  // Not `tile`: its gradient ends at four dimensions.
  return x.reshape([n, c, h, 1, width, 1]).add(tf.zeros([1, 1, 1, 2, 1, 2])).reshape([n, c, 2 * h, 2 * width]);
}

/**
 * Sinusoidal projection τ of one number per row, in float32: [batch] → [batch, width], cosines first
 * (diffusers' `Timesteps` with `flip_sin_to_cos`).
 */
export function sinusoid(t: tf.Tensor, width = 256): tf.Tensor {
  const half = width / 2;
  const frequencies = Float32Array.from({ length: half }, (_, i) => Math.exp((-Math.log(10000) * i) / half));
  const angles = t.reshape([-1, 1]).mul(tf.tensor2d(frequencies, [1, half]));
  return tf.concat([tf.cos(angles), tf.sin(angles)], 1);
}
