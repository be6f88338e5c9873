// Test cases of the kernels that move data.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { booleans, floats, integers, type Trial } from '../testing.ts';
import { sizeOf } from '../values.ts';
import { axesOf, seed, shape, shapeAndAxis, type KernelCases } from './arbitraries.ts';

const shuffled = (length: number): fc.Arbitrary<number[]> => fc.shuffledSubarray(Array.from({ length }, (_, i) => i), { minLength: length, maxLength: length });

const of = <T>(drawn: fc.Arbitrary<T & { dims: number[] }>, run: (x: tf.Tensor, drawn: T & { dims: number[] }) => tf.Tensor | tf.Tensor[]): fc.Arbitrary<Trial> =>
  fc.tuple(drawn, seed).map(([values, n]) => ({ operands: [floats(values.dims, n)], run: (x: tf.Tensor) => run(x, values) }));

/** Reshapes of reshapes and transposes of transposes, some of which undo each other. */
const reshapes = of(fc.record({ dims: shape(1, 4) }), (x, { dims }) => x.reshape([-1]).reshape([1, ...dims]).mul(2).reshape([sizeOf(dims)]).reshape(dims.toReversed()));
const transposes = of(shape(1, 4).chain((dims) => fc.record({ dims: fc.constant(dims), one: shuffled(dims.length), two: shuffled(dims.length) })),
  (x, { one, two }) => tf.transpose(tf.transpose(x, one), two).add(tf.transpose(tf.ones(x.shape), one).transpose(two)));

const paddings = shape(1, 4).chain((dims) => fc.record({
  dims: fc.constant(dims), value: fc.constantFrom(0, 1.5),
  pads: fc.array(fc.tuple(fc.nat(2), fc.nat(2)), { minLength: dims.length, maxLength: dims.length }),
}));

const windows = shape(1, 4).chain((dims) => fc.record({
  dims: fc.constant(dims),
  cuts: fc.tuple(...dims.map((n) => fc.nat(n - 1).chain((begin) => fc.tuple(fc.constant(begin), fc.oneof(fc.constant(-1), fc.integer({ min: 1, max: n - begin })))))),
}));

const splits = shapeAndAxis(1, 3, 3).chain(({ shape: dims, axis }) => fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 60 }).map((sizes) => {
  const sum = sizes.reduce((a, b) => a + b, 0);
  return { dims: dims.with(axis, sum), axis, sizes };
}));

const joined = (run: (parts: tf.Tensor[], axis: number) => tf.Tensor, sameSizes: boolean): fc.Arbitrary<Trial> =>
  fc.record({ at: shapeAndAxis(1, 3), n: seed, lengths: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 12 }), withSplat: fc.boolean() })
    .map(({ at, n, lengths, withSplat }) => {
      const dims = lengths.map((length) => (sameSizes ? at.shape : at.shape.with(at.axis, length)));
      return {
        operands: dims.map((d, i) => floats(d, n + i)),
        run: (...parts: tf.Tensor[]) => run(withSplat ? [...parts, tf.fill(dims[0]!, 3)] : parts, at.axis),
      };
    });

const gathers: fc.Arbitrary<Trial> = fc.record({ at: shapeAndAxis(1, 3, 5), n: seed, ids: shape(1, 2, 4) }).map(({ at, n, ids }) => ({
  operands: [floats(at.shape, n), integers(ids, n + 1, 0, at.shape.at(at.axis)!)],
  run: (x: tf.Tensor, i: tf.Tensor) => tf.gather(x, i as tf.Tensor1D, at.axis),
}));

/** Some ids repeat, some segments stay empty. */
const segments: fc.Arbitrary<Trial> = fc.record({ dims: shape(1, 3), n: seed, count: fc.integer({ min: 1, max: 6 }) }).map(({ dims, n, count }) => ({
  operands: [floats(dims, n), integers([dims[0]!], n + 1, 0, count)],
  run: (x: tf.Tensor, ids: tf.Tensor) => tf.unsortedSegmentSum(x, ids as tf.Tensor1D, count),
  // Its gradient in tfjs masks ids below zero with operations that only it needs.
  differentiable: false,
}));

/** Ids outside of 0 … depth − 1 give rows without a one. */
const oneHots: fc.Arbitrary<Trial> = fc.record({ ids: shape(1, 2, 5), n: seed, depth: fc.integer({ min: 2, max: 5 }), values: fc.constantFrom<[number, number]>([1, 0], [0.5, -2], [3, 3]), dtype: fc.constantFrom('float32', 'int32') })
  .map(({ ids, n, depth, values: [on, off], dtype }) => ({
    operands: [integers(ids, n, -2, depth + 2)],
    run: (i: tf.Tensor) => (dtype === 'int32' ? tf.oneHot(i, depth) : tf.oneHot(i, depth, on, off, 'float32')),
  }));

const images = fc.record({ dims: fc.tuple(...[2, 3, 3, 2].map((max) => fc.integer({ min: 1, max }))), fy: fc.integer({ min: 1, max: 3 }), fx: fc.integer({ min: 1, max: 3 }) });
/** The CPU backend's gradient takes the wrong picture's numbers in a batch of more than one: for those, repeated pixels. */
const resizes: fc.Arbitrary<Trial> = fc.tuple(images, seed).map(([{ dims, fy, fx }, n]) => {
  const [count, h, w, c] = dims as [number, number, number, number];
  const spread = (x: tf.Tensor): tf.Tensor => x.reshape([count * h, 1, w, 1, c]).mul(tf.ones([1, fy, 1, fx, 1])).reshape([count, h * fy, w * fx, c]);
  return {
    operands: [floats(dims, n)],
    run: (x: tf.Tensor) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [h * fy, w * fx]),
    ...(count > 1 && { reference: spread }),
  };
});

export const shapeCases: KernelCases = {
  Reshape: reshapes,
  ExpandDims: of(shapeAndAxis(1, 3).map(({ shape: dims, axis }) => ({ dims, axis })), (x, { axis }) => tf.expandDims(x, axis)),
  Transpose: transposes,
  Tile: of(shape(1, 4).chain((dims) => fc.record({ dims: fc.constant(dims), reps: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: dims.length, maxLength: dims.length }) })),
    (x, { reps }) => tf.tile(x, reps)),
  // tfjs's own tf.broadcastTo runs Tile instead.
  BroadcastTo: fc.record({ dims: shape(1, 3), n: seed, first: fc.integer({ min: 1, max: 3 }) }).map(({ dims, n, first }) => ({
    operands: [floats(dims, n)],
    run: (x: tf.Tensor) => tf.engine().runKernel('BroadcastTo', { x }, { shape: [first, ...dims] }) as tf.Tensor,
    reference: (x: tf.Tensor) => tf.broadcastTo(x, [first, ...dims]),
    differentiable: false,
  })),
  PadV2: of(paddings, (x, { pads, value }) => tf.pad(x, pads, value)),
  Reverse: of(shape(1, 4).chain((dims) => fc.record({ dims: fc.constant(dims), axes: axesOf(dims) })), (x, { axes }) => tf.reverse(x, axes ?? undefined)),
  Slice: of(windows, (x, { cuts }) => tf.slice(x, cuts.map(([begin]) => begin), cuts.map(([, size]) => size)).add(tf.slice(tf.ones(x.shape), cuts.map(([begin]) => begin), cuts.map(([, size]) => size)))),
  SplitV: of(splits, (x, { axis, sizes }) => tf.split(x, sizes, axis)),
  Concat: joined((parts, axis) => tf.concat(parts, axis), false),
  Pack: joined((parts, axis) => tf.stack(parts, axis), true),
  // Two parts at least: tfjs has no gradient of one.
  Unpack: of(shapeAndAxis(1, 3).map(({ shape: dims, axis }) => ({ dims: dims.with(axis, dims.at(axis)! + 1), axis })), (x, { axis }) => tf.unstack(x, axis)),
  GatherV2: gathers,
  UnsortedSegmentSum: segments,
  OneHot: oneHots,
  ResizeNearestNeighbor: resizes,
  ResizeNearestNeighborGrad: resizes,
};

/** Not kernels: the other types that data moves in, through the same code. */
export const movesOfOtherTypes: fc.Arbitrary<Trial> = fc.record({ dims: shape(2, 3), n: seed, draw: fc.constantFrom(booleans, (d: readonly number[], n: number) => integers(d, n, -5, 5)) })
  .map(({ dims, n, draw }) => ({
    operands: [draw(dims, n), draw(dims, n + 1)],
    run: (a: tf.Tensor, b: tf.Tensor) => [tf.concat([a, b], -1), tf.tile(a.transpose(), dims.map(() => 2)), a.reshape([-1]), tf.slice(b, dims.map(() => 0), [1])],
  }));
