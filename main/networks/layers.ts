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

/** A function of tensors with its own gradient. Training is bound by passes over memory, and what tfjs derives makes more of them than are needed. */
const withGradient = (run: (inputs: tf.Tensor[], save: tf.GradSaveFunc) => { value: tf.Tensor; gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor | tf.Tensor[] }): ((...inputs: tf.Tensor[]) => tf.Tensor) =>
  tf.customGrad((...given) => run(given.slice(0, -1) as tf.Tensor[], given.at(-1) as tf.GradSaveFunc)) as (...inputs: tf.Tensor[]) => tf.Tensor;

/** y = (x − mean)/√(…) with dx = factor·(dy − mean(dy) − y·mean(dy·y)). */
const standardizeFused = (epsilon: number): ((x: tf.Tensor) => tf.Tensor) => withGradient(([x], save) => {
  const [y, factor] = runFused(fused.layerNorm, { x: x! }, { epsilon }) as [tf.Tensor, tf.Tensor];
  save([y, factor]);
  return {
    value: y,
    gradFunc: (dy, saved) => {
      const [normal, scale] = saved as [tf.Tensor, tf.Tensor];
      return dy.sub(dy.mean(-1, true)).sub(normal.mul(dy.mul(normal).mean(-1, true))).mul(scale);
    },
  };
});

/** (x − mean)/√(var + ε) over the last axis. */
export function standardize(x: tf.Tensor, epsilon: number): tf.Tensor {
  if (recordingMode()) return standardizeFused(epsilon)(x);
  const centred = x.sub(x.mean(-1, true));
  return centred.mul(centred.square().mean(-1, true).add(epsilon).rsqrt());
}

/** The products of dy and the normalised x serve two gradients: that of the scale, and, weighed by the scale, that of x. */
const modulatedFused = (epsilon: number): ((x: tf.Tensor, shift: tf.Tensor, scale: tf.Tensor) => tf.Tensor) => withGradient(([x, shift, scale], save) => {
  const [normal, factor] = runFused(fused.layerNorm, { x: x! }, { epsilon }) as [tf.Tensor, tf.Tensor];
  const stretch = scale!.add(1);
  save([normal, factor, stretch]);
  return {
    value: normal.mul(stretch).add(shift!),
    gradFunc: (dy, saved) => {
      const [n, f, by] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
      const products = dy.mul(n);
      const projection = tf.matMul(products, by.mul(1 / n.shape.at(-1)!), false, true);
      const dn = dy.mul(by);
      return [dn.sub(dn.mean(-1, true)).sub(n.mul(projection)).mul(f), dy.sum(1, true), products.sum(1, true)];
    },
  };
});

/** Standardised x, stretched by 1 + scale and moved. x: [batch, tokens, width]; shift, scale: [batch, 1, width]. */
export function modulate(x: tf.Tensor, shift: tf.Tensor, scale: tf.Tensor, epsilon: number): tf.Tensor {
  if (recordingMode() === 'training') return modulatedFused(epsilon)(x, shift, scale);
  return standardize(x, epsilon).mul(scale.add(1)).add(shift);
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
  if (mode === 'training') return rmsNormTrained(epsilon)(x, w('weight'));
  return x.mul(x.square().mean(-1, true).add(epsilon).rsqrt()).mul(w('weight'));
}

/** Composed: of rows as short as a head, the runtime's fused operator is slower. dx = factor·(dn − n·mean(dn·n)) with dn = dy·weight. */
const rmsNormTrained = (epsilon: number): ((x: tf.Tensor, weight: tf.Tensor) => tf.Tensor) => withGradient(([x, weight], save) => {
  const factor = x!.square().mean(-1, true).add(epsilon).rsqrt();
  const normal = x!.mul(factor);
  save([normal, factor, weight!]);
  return {
    value: normal.mul(weight!),
    gradFunc: (dy, saved) => {
      const [n, f, by] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
      const width = n.shape.at(-1)!;
      const products = dy.mul(n).reshape([-1, width]);
      const projection = tf.matMul(products, by.mul(1 / width).reshape([width, 1])).reshape([...n.shape.slice(0, -1), 1]);
      return [dy.mul(by).sub(n.mul(projection)).mul(f), products.sum(0)];
    },
  };
});

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

/** Keeps zero out of a divisor; lost in the rounding of anything else. */
const tiny = 1e-30;

/**
 * The gate sigmoid(z) is y/x, which spares computing z again: y′ = gate + x·gate·(1 − gate)·z′ = gate + y·(1 − gate)·z′ with
 * z′ = 2√(2/π)·(1 + 3·0.044715·x²).
 */
const geluTanhTrained = withGradient(([x], save) => {
  const v = x!.add(tiny);
  const [y] = runFused(fused.gelu, { x: v }, { approximate: 'tanh' }) as [tf.Tensor];
  save([v, y]);
  return {
    value: y,
    gradFunc: (dy, saved) => {
      const [at, value] = saved as [tf.Tensor, tf.Tensor];
      const gate = value.div(at);
      const slope = at.square().mul(3 * cubic * twiceRootTwoOverPi).add(twiceRootTwoOverPi);
      return dy.mul(gate.add(value.mul(slope).mul(tf.sub(1, gate))));
    },
  };
});

export function geluTanh(x: tf.Tensor): tf.Tensor {
  const mode = recordingMode();
  if (mode === 'inference') return runFused(fused.gelu, { x }, { approximate: 'tanh' })[0]!;
  return mode === 'training' ? geluTanhTrained(x) : x.mul(tf.sigmoid(geluArgument(x)));
}

/** Numbers of a hidden layer that a processor's caches hold from one pass over them to the next. */
const cached = 2 ** 20;

/**
 * Two linear maps with tanh-GELU between, for x [..., width]. A gradient takes ten passes over the hidden layer, so while learning it is made of pieces.
 */
export function feedForward(w: Weights, x: tf.Tensor): tf.Tensor {
  const layer = (rows: tf.Tensor): tf.Tensor => linear(at(w, 'net.2'), geluTanh(linear(at(w, 'net.0.proj'), rows)));
  const [hidden, width] = w('net.0.proj.weight').shape as [number, number];
  const rows = x.size / width;
  // Each piece has a gradient of the weights, and all are added: with few rows that would cost more than it spares.
  const pieces = Math.min(Math.ceil((rows * hidden) / cached), Math.floor(rows / (4 * width)));
  if (recordingMode() !== 'training' || pieces < 2) return layer(x);
  const ends = Array.from({ length: pieces + 1 }, (_, i) => Math.round((i * rows) / pieces));
  const sizes = ends.slice(1).map((end, i) => end - ends[i]!);
  return tf.concat(tf.split(x.reshape([rows, width]), sizes, 0).map(layer), 0).reshape(x.shape);
}

/** The exact GELU, x·Φ(x). */
export const gelu = (x: tf.Tensor): tf.Tensor =>
  recordingMode() === 'inference' ? runFused(fused.gelu, { x }, { approximate: 'none' })[0]! : x.mul(0.5).mul(tf.erf(x.mul(Math.SQRT1_2)).add(1));

const splitHeads = (x: tf.Tensor, heads: number): tf.Tensor => {
  const [batch, tokens, width] = x.shape as [number, number, number];
  return x.reshape([batch, tokens, heads, width / heads]).transpose([0, 2, 1, 3]);
};

/** Streams of tokens, one after the other. */
type Streams = readonly tf.Tensor[];
const joined = (streams: Streams, axis: number): tf.Tensor => (streams.length === 1 ? streams[0]! : tf.concat([...streams], axis));

/**
 * Scaled dot-product attention over the tokens of all streams. q, k, v: of each stream [batch, tokens, width]; `mask`, when given, is added to
 * the scores [batch, heads, tokens, tokens]. Returns [batch, tokens, width].
 */
export function attention(q: Streams, k: Streams, v: Streams, heads: number, mask?: tf.Tensor): tf.Tensor {
  if (recordingMode() === 'inference' && !mask) return runFused(fused.attention, { q: joined(q, 1), k: joined(k, 1), v: joined(v, 1) }, { heads })[0]!;
  // Joined after the split: so the swap of axes that a product asks for stands alone, and the runtime makes it part of the product.
  const [queries, keys, values] = [q, k, v].map((streams) => joined(streams.map((x) => splitHeads(x, heads)), 2)) as [tf.Tensor, tf.Tensor, tf.Tensor];
  const [batch, , tokens, width] = queries.shape as [number, number, number, number];
  const mix = recordingMode() === 'training' ? mixTrained : mixed;
  return mix(queries.mul(1 / Math.sqrt(width)), keys, values, ...(mask ? [mask] : [])).transpose([0, 2, 1, 3]).reshape([batch, tokens, heads * width]);
}

const attentionWeights = (q: tf.Tensor, k: tf.Tensor, mask?: tf.Tensor): tf.Tensor => {
  const scores = tf.matMul(q, k, false, true);
  return tf.softmax(mask ? scores.add(mask) : scores);
};

/** softmax(q·kᵀ + mask)·v over the last two axes. */
const mixed = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, mask?: tf.Tensor): tf.Tensor => tf.matMul(attentionWeights(q, k, mask), v);

/**
 * The same. The softmax's gradient takes from each row of dy·vᵀ its mean weighed by the softmax; that mean is Σ dy·y, a sum over a head's width
 * in place of one over all tokens (Dao et al. 2022, FlashAttention).
 */
const mixTrained = withGradient(([q, k, v, mask], save) => {
  const weights = attentionWeights(q!, k!, mask);
  const value = tf.matMul(weights, v!);
  save([q!, k!, v!, weights, value]);
  return {
    value,
    gradFunc: (dy, saved) => {
      const [queries, keys, values, p, y] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      const ds = p.mul(tf.matMul(dy, values, false, true).sub(dy.mul(y).sum(-1, true)));
      const dMask = mask === undefined ? [] : [ds.sum(tf.broadcast_util.getReductionAxes(mask.shape, ds.shape)).reshape(mask.shape)];
      return [tf.matMul(ds, keys), tf.matMul(ds, queries, true, false), tf.matMul(p, dy, true, false), ...dMask];
    },
  };
});

/** Convolution of [n, c, h, w] with weight [out, in, kh, kw] and bias. */
export function conv2d(w: Weights, x: tf.Tensor, options: { stride?: number; padding?: number } = {}): tf.Tensor {
  const weight = w('weight');
  const y = tf.conv2d(x as tf.Tensor4D, weight.transpose([2, 3, 1, 0]) as tf.Tensor4D, options.stride ?? 1, options.padding ?? 0, 'NCHW');
  return y.add(w('bias').reshape([1, weight.shape[0]!, 1, 1]));
}

/** Its gradient adds up the four copies of a pixel. */
const upsampleFused = withGradient(([x]) => ({
  value: runFused(fused.upsample, { x: x! }, { factor: 2 })[0]!,
  gradFunc: (dy) => {
    const [n, c, h, width] = x!.shape as [number, number, number, number];
    return dy.reshape([n, c, h, 2, width, 2]).sum([3, 5]);
  },
}));

/** Doubles height and width of [n, c, h, w] by repeating pixels. */
export function upsampleNearest(x: tf.Tensor): tf.Tensor {
  if (recordingMode()) return upsampleFused(x);
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
