// Every recorded kernel against tfjs's CPU backend: values and gradients, on random shapes.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { attention, conv2d, feedForward, gelu, geluTanh, groupNorm, layerNorm, quickGelu, modulate, rmsNorm, silu, sinusoid, standardize, upsampleNearest, type Weights } from '../networks/layers.ts';
import { seed, shape, type KernelCases } from './cases/arbitraries.ts';
import { elementwiseCases } from './cases/elementwise.ts';
import { productCases } from './cases/products.ts';
import { reductionCases } from './cases/reduction.ts';
import { movesOfOtherTypes, shapeCases } from './cases/shape.ts';
import { fused } from './kernels/fused.ts';
import { backendName } from './backend.ts';
import type { TraceMode } from './recorder.ts';
import { compareTrial, floats, traceTrial, type Trial } from './testing.ts';
import { trace } from './trace.ts';

const runs = 16;
// One fixed series of random trials, so that a failure here is a failure everywhere; fast-check shrinks it.
const series = { numRuns: runs, seed: 2511, endOnFailure: false };

/** The first trace registers the kernels. */
trace({}, () => ({ zero: tf.scalar(0) }));
const registered = tf.getKernelsForBackend(backendName);
const called = new Set<string>();
for (const config of registered) {
  const record = config.kernelFunc;
  config.kernelFunc = (params) => {
    called.add(config.kernelName);
    return record(params);
  };
}

const weights = (named: Record<string, tf.Tensor>): Weights => (name) => named[name]!;
const dims3 = fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3 })).map(([b, t, w]) => [b, t, 4 * w]);

const attentions = (masked: boolean): fc.Arbitrary<Trial> => fc.record({ dims: dims3, keys: fc.integer({ min: 1, max: 4 }), n: seed }).map(({ dims: [b, t, w], keys, n }) => ({
  operands: [floats([b!, t!, w!], n), floats([b!, keys, w!], n + 1), floats([b!, keys, w!], n + 2), ...(masked ? [floats([1, 1, t!, keys], n + 3)] : [])],
  run: (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, mask?: tf.Tensor) => attention([q], [k], [v], 2, mask),
}));
/** Many numbers, so that some are far from the tail where a GELU is the small difference of large ones. */
const activation = (run: (x: tf.Tensor) => tf.Tensor): fc.Arbitrary<Trial> => fc.record({ dims: shape(1, 3, 6), n: seed }).map(({ dims, n }) => ({ operands: [floats([...dims, 16], n, -4, 4)], run }));
const normalised = (run: (x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor) => tf.Tensor): fc.Arbitrary<Trial> =>
  fc.record({ dims: dims3, n: seed }).map(({ dims, n }) => ({ operands: [floats(dims, n), floats([dims[2]!], n + 1), floats([dims[2]!], n + 2)], run }));

const images = fc.record({ n: fc.integer({ min: 1, max: 2 }), groups: fc.integer({ min: 1, max: 2 }), each: fc.integer({ min: 1, max: 2 }), side: fc.integer({ min: 2, max: 5 }), random: seed });

/** Layers that record fused operators; the CPU backend runs their composed forms. */
const fusedCases: KernelCases = {
  [fused.layerNorm]: normalised((x, weight, bias) => layerNorm(weights({ weight, bias }), x, 1e-5)),
  [fused.rmsNorm]: normalised((x, weight, bias) => rmsNorm(weights({ weight }), x, 1e-6).add(bias)),
  [fused.gelu]: activation(geluTanh),
  [fused.attention]: attentions(false),
  [fused.upsample]: images.map(({ n, each, side, random }) => ({ operands: [floats([n, each, side, side + 1], random)], run: (x: tf.Tensor) => upsampleNearest(x) })),
};

const layers: Record<string, fc.Arbitrary<Trial>> = {
  'attention with a mask': attentions(true),
  'GELU at its ends and at zero': fc.constant({
    operands: [{ dtype: 'float32', shape: [10], data: Float32Array.of(0, -0, 1e-6, -1e-6, 1e-12, -1e-12, 9, -9, 40, -40) }], run: geluTanh,
  }),
  'exact GELU': activation(gelu),
  'quick GELU': activation(quickGelu),
  SiLU: activation(silu),
  'modulated standardisation': normalised((x, scale, shift) => standardize(x, 1e-6).mul(scale.add(1)).add(shift)),
  modulation: fc.record({ dims: dims3, n: seed }).map(({ dims: [b, t, w], n }) => ({
    operands: [floats([b!, t!, w!], n), floats([b!, 1, w!], n + 1), floats([b!, 1, w!], n + 2)],
    run: (x: tf.Tensor, shift: tf.Tensor, scale: tf.Tensor) => modulate(x, shift, scale, 1e-6),
  })),
  'group norm': images.map(({ n, groups, each, side, random }) => ({
    operands: [floats([n, groups * each, side, side], random), floats([groups * each], random + 1), floats([groups * each], random + 2)],
    run: (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor) => groupNorm(weights({ weight, bias }), x, groups, 1e-6),
  })),
  'convolution with bias': images.chain((drawn) => fc.constantFrom([1, 0], [1, 1], [2, 1]).map(([stride, padding]) => ({
    operands: [floats([drawn.n, drawn.groups, 5, 6], drawn.random), floats([drawn.each, drawn.groups, 3, 3], drawn.random + 1), floats([drawn.each], drawn.random + 2)],
    run: (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor) => conv2d(weights({ weight, bias }), x, { stride: stride!, padding: padding! }),
  }))),
  'sinusoidal projection': fc.record({ batch: fc.integer({ min: 1, max: 4 }), n: seed }).map(({ batch, n }) => ({ operands: [floats([batch], n, 0, 1000)], run: (t: tf.Tensor) => sinusoid(t, 16), differentiable: false })),
  'moves of whole numbers and truth values': movesOfOtherTypes,
};

const cases: KernelCases = { ...elementwiseCases, ...reductionCases, ...shapeCases, ...productCases, ...fusedCases };
let worst = { error: 0, name: '' };

async function holds(name: string, trials: fc.Arbitrary<Trial>, mode: TraceMode): Promise<void> {
  await fc.assert(fc.asyncProperty(trials, async (trial) => {
    const error = await compareTrial(trial, mode);
    if (error > worst.error) worst = { error, name };
  }), series);
}

describe('kernels agree with the CPU backend, forward and gradient', () => {
  test.each(Object.keys(cases))('%s', async (name) => {
    called.delete(name);
    await holds(name, cases[name]!, name in fusedCases ? 'inference' : 'training');
    expect(called, `the trials of ${name} never call it`).toContain(name);
    if (name in fusedCases) await holds(name, cases[name]!, 'training');
  });
});

describe('layers agree with their composed forms', () => {
  for (const mode of ['training', 'inference'] as const) {
    test.each(Object.keys(layers))(`%s, ${mode}`, async (name) => holds(name, layers[name]!, mode));
  }
});

test('every registered kernel has trials', () => {
  expect(registered.map(({ kernelName }) => kernelName).toSorted()).toEqual(Object.keys(cases).toSorted());
});

// Once, for it is large: more hidden numbers than fit the caches, in two pieces of unequal length.
test('feed-forward in pieces', async () => {
  const trial = (rows: number): Trial => ({
    operands: [floats([1, rows, 4], 1), floats([65, 4], 2), floats([65], 3), floats([4, 65], 4), floats([4], 5)],
    run: (x, inner, innerBias, outer, outerBias) => feedForward(weights({ 'net.0.proj.weight': inner!, 'net.0.proj.bias': innerBias!, 'net.2.weight': outer!, 'net.2.bias': outerBias! }), x!),
  });
  const layers = (rows: number): number => traceTrial(trial(rows), 'training').nodes.filter(({ op }) => op === 'Gelu').length;
  expect(layers(16_401)).toBe(2 * layers(64));
  await compareTrial(trial(16_401));
});

test('a wrong number is found', async () => {
  const trial: Trial = { operands: [floats([3, 4], 1)], run: (x) => x.mul(1.0001), reference: (x) => x.mul(1) };
  await expect(compareTrial(trial)).rejects.toThrow('value 0 is off by');
  const gradient: Trial = { operands: [floats([3, 4], 1)], run: tf.customGrad((x) => ({ value: (x as tf.Tensor).mul(2), gradFunc: (dy: tf.Tensor) => dy.mul(2.001) })) as Trial['run'], reference: (x) => x.mul(2) };
  await expect(compareTrial(gradient)).rejects.toThrow('gradient 0 is off by');
});

afterAll(() => console.log(`largest error of a kernel: ${worst.error.toExponential(1)} (${worst.name})`));
