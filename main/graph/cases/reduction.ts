// Test cases of the reductions: over some axes or all, from either end, with and without keeping them.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { booleans, floats, integers, type Operand, type Trial } from '../testing.ts';
import { axesOf, seed, shape, shapeAndAxis, type KernelCases } from './arbitraries.ts';

type Draw = (dims: readonly number[], n: number) => Operand;
const whole: Draw = (dims, n) => integers(dims, n, -3, 4);

function over(run: (x: tf.Tensor, axes: number[] | undefined, keepDims: boolean) => tf.Tensor, draws: readonly Draw[], differentiable?: boolean): fc.Arbitrary<Trial> {
  return fc.record({ dims: shape(1, 4), n: seed, draw: fc.constantFrom(...draws), keepDims: fc.boolean() })
    .chain((drawn) => axesOf(drawn.dims).map((axes) => ({ ...drawn, axes })))
    .map(({ dims, n, draw, keepDims, axes }) => ({
      operands: [draw(dims, n)],
      run: (x: tf.Tensor) => run(x, axes ?? undefined, keepDims),
      ...(differentiable !== undefined && { differentiable }),
    }));
}

const position = (run: (x: tf.Tensor, axis: number) => tf.Tensor): fc.Arbitrary<Trial> =>
  fc.record({ at: shapeAndAxis(1, 3, 6), n: seed, draw: fc.constantFrom<Draw>(floats, whole) }).map(({ at, n, draw }) => ({ operands: [draw(at.shape, n)], run: (x: tf.Tensor) => run(x, at.axis) }));

/** Constants enter reductions too: their sums are known while the graph is made. */
const ofConstants: fc.Arbitrary<Trial> = fc.record({ dims: shape(1, 3), n: seed }).chain((drawn) => axesOf(drawn.dims).map((axes) => ({ ...drawn, axes })))
  .map(({ dims, n, axes }) => ({ operands: [floats(dims, n)], run: (x: tf.Tensor) => x.mul(tf.sum(tf.fill(dims, 0.75), axes ?? undefined, true)) }));

export const reductionCases: KernelCases = {
  Sum: fc.oneof({ weight: 3, arbitrary: over(tf.sum, [floats, whole, booleans]) }, { weight: 1, arbitrary: ofConstants }),
  Mean: over(tf.mean, [floats, whole]),
  // Its gradient in tfjs needs a cumulative product, which nothing here uses.
  Prod: over(tf.prod, [floats], false),
  Max: over(tf.max, [floats, whole]),
  Min: over(tf.min, [floats, whole]),
  All: over(tf.all, [booleans]),
  Any: over(tf.any, [booleans]),
  ArgMax: position(tf.argMax),
  ArgMin: position(tf.argMin),
};
