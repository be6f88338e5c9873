// Test cases of the element-wise kernels.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { booleans, floats, integers, type Operand, type Trial } from '../testing.ts';
import { binaryTrials, broadcastable, seed, shape, type KernelCases } from './arbitraries.ts';

type Unary = (x: tf.Tensor) => tf.Tensor;

const any = (dims: readonly number[], n: number): Operand => floats(dims, n);
const positive = (dims: readonly number[], n: number): Operand => floats(dims, n, 0.4, 2.5);
/** Few different numbers, so that some are equal. */
const coarse = (dims: readonly number[], n: number): Operand => {
  const drawn = integers(dims, n, -1, 2);
  return { ...drawn, dtype: 'float32', data: Float32Array.from(drawn.data) };
};

const unary = (run: Unary, draw = any): fc.Arbitrary<Trial> =>
  fc.record({ dims: shape(0, 4), n: seed }).map(({ dims, n }) => ({ operands: [draw(dims, n)], run }));

const comparison = (run: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): fc.Arbitrary<Trial> =>
  fc.oneof(binaryTrials(run, coarse, [0, 1]), binaryTrials(run, (dims, n) => integers(dims, n, -1, 2), [0, 1]));

const logical = (run: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): fc.Arbitrary<Trial> => binaryTrials(run, booleans, [0, 1]);

const casts: fc.Arbitrary<Trial> = fc.record({ dims: shape(0, 3), n: seed, from: fc.constantFrom(any, coarse, booleans, (d: readonly number[], n: number) => integers(d, n, -3, 4)), to: fc.constantFrom('float32', 'int32', 'bool') })
  .map(({ dims, n, from, to }) => ({ operands: [from(dims, n)], run: (x: tf.Tensor) => tf.cast(x, to as 'float32') }));

/** Choices by element, by row, by one value for all, between inputs and numbers. */
const choices: fc.Arbitrary<Trial> = fc.oneof(
  fc.record({ shapes: broadcastable, n: seed }).map(({ shapes: [a, b], n }) =>
    ({ operands: [booleans(a, n), floats(a, n + 1), floats(b, n + 2)], run: (c: tf.Tensor, x: tf.Tensor, y: tf.Tensor) => tf.where(c, x, y) })),
  fc.record({ dims: shape(2, 3), n: seed }).map(({ dims, n }) =>
    ({ operands: [booleans([dims[0]!], n), floats(dims, n + 1), floats(dims, n + 2)], run: (c: tf.Tensor, x: tf.Tensor, y: tf.Tensor) => tf.engine().runKernel('Select', { condition: c, t: x, e: y }) as tf.Tensor,
      // The CPU backend takes the wrong elements when it chooses rows.
      reference: (c: tf.Tensor, x: tf.Tensor, y: tf.Tensor) => tf.where(c.reshape([dims[0]!, ...dims.slice(1).map(() => 1)]), x, y) })),
  fc.record({ dims: shape(1, 3), n: seed }).map(({ dims, n }) =>
    ({ operands: [floats(dims, n), integers(dims, n + 1, -2, 3)], run: (x: tf.Tensor, y: tf.Tensor) => tf.where(y.greater(0), x, tf.fill(dims, 0.25)) })),
  fc.record({ dims: shape(1, 3), n: seed }).map(({ dims, n }) =>
    ({ operands: [floats(dims, n)], run: (x: tf.Tensor) => tf.where(tf.fill(dims, 1, 'bool' as 'int32'), x, tf.zeros(dims)) })),
);

const sums: fc.Arbitrary<Trial> = fc.record({ dims: shape(0, 3), count: fc.integer({ min: 1, max: 12 }), n: seed })
  .map(({ dims, count, n }) => ({ operands: Array.from({ length: count }, (_, i) => floats(dims, n + i)), run: (...xs: tf.Tensor[]) => tf.addN([...xs, tf.ones(dims)]) }));

export const elementwiseCases: KernelCases = {
  Add: binaryTrials(tf.add, any, [0, 1, -2]),
  Sub: binaryTrials(tf.sub, any, [0, 1, -2]),
  Multiply: binaryTrials(tf.mul, any, [0, 1, -2]),
  RealDiv: binaryTrials(tf.div, positive, [1, 2, 0.3]),
  Pow: binaryTrials(tf.pow, positive, [1, 2, 0.5, 3]),
  Maximum: binaryTrials(tf.maximum, coarse, [0, 1], 'same shape'),
  Minimum: binaryTrials(tf.minimum, coarse, [0, 1], 'same shape'),
  SquaredDifference: binaryTrials(tf.squaredDifference, any, [0, 1], 'same shape'),
  Greater: comparison(tf.greater),
  GreaterEqual: comparison(tf.greaterEqual),
  Less: comparison(tf.less),
  LessEqual: comparison(tf.lessEqual),
  Equal: fc.oneof(comparison(tf.equal), logical(tf.equal)),
  NotEqual: fc.oneof(comparison(tf.notEqual), logical(tf.notEqual)),
  LogicalAnd: logical(tf.logicalAnd),
  LogicalOr: logical(tf.logicalOr),
  LogicalNot: unary(tf.logicalNot, booleans),
  Neg: unary(tf.neg),
  Exp: unary(tf.exp),
  Log: unary(tf.log, positive),
  Sqrt: unary(tf.sqrt, positive),
  Abs: unary(tf.abs, coarse),
  Sign: unary(tf.sign, coarse),
  Sin: unary(tf.sin),
  Cos: unary(tf.cos),
  Tanh: unary(tf.tanh),
  Sigmoid: unary(tf.sigmoid),
  Erf: unary(tf.erf),
  Floor: unary(tf.floor),
  Ceil: unary(tf.ceil),
  Relu: unary(tf.relu, coarse),
  Softplus: unary(tf.softplus),
  Reciprocal: unary(tf.reciprocal, positive),
  Square: unary(tf.square),
  Rsqrt: unary(tf.rsqrt, positive),
  Step: fc.constantFrom(0, 0.5, -1).chain((alpha) => unary((x) => tf.step(x, alpha), coarse)),
  ClipByValue: unary((x) => tf.clipByValue(x, -0.5, 1.25)),
  Identity: unary(tf.clone),
  Cast: casts,
  ZerosLike: unary((x) => x.add(tf.zerosLike(x))),
  OnesLike: unary((x) => x.sub(tf.onesLike(x))),
  Fill: unary((x) => x.add(tf.fill(x.shape, 1.5)).mul(tf.fill([3, ...x.shape], -2))),
  Select: choices,
  AddN: sums,
  Softmax: fc.record({ dims: shape(1, 4, 6), n: seed }).map(({ dims, n }) => ({ operands: [floats(dims, n, -4, 4)], run: (x: tf.Tensor) => tf.softmax(x) })),
  // tfjs never calls this kernel itself: it composes tf.logSoftmax, forward and gradient.
  LogSoftmax: fc.record({ dims: shape(1, 3, 6), n: seed }).map(({ dims, n }) => ({
    operands: [floats(dims, n, -4, 4)],
    run: (x: tf.Tensor) => tf.engine().runKernel('LogSoftmax', { logits: x }, { axis: dims.length - 1 }) as tf.Tensor,
    reference: (x: tf.Tensor) => tf.logSoftmax(x),
  })),
};
