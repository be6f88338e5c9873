// Test cases of matrix products and convolutions.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { floats, type Trial } from '../testing.ts';
import { seed, shape, type KernelCases } from './arbitraries.ts';

const size = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });

/** Batches that are equal, missing or of length one; either side transposed. */
const matrixProducts: fc.Arbitrary<Trial> = fc.record({
  batch: shape(0, 2, 3), kind: fc.constantFrom('equal', 'left only', 'right broadcast'), m: size(5), k: size(6), n: size(5), ta: fc.boolean(), tb: fc.boolean(), random: seed,
}).map(({ batch, kind, m, k, n, ta, tb, random }) => {
  const right = kind === 'equal' ? batch : kind === 'left only' ? [] : batch.map(() => 1);
  return {
    operands: [floats([...batch, ...(ta ? [k, m] : [m, k])], random), floats([...right, ...(tb ? [n, k] : [k, n])], random + 1)],
    run: (a: tf.Tensor, b: tf.Tensor) => tf.matMul(a, b, ta, tb),
    // tfjs does not sum the gradient of a broadcast batch.
    ...(kind !== 'equal' && { differentiable: false }),
  };
});

type Pad = 'same' | 'valid' | number | [number, number, number, number];

/** Strides 1 and 2, filters from 1×1 to 3×3, paddings that reach further than the filter too, both layouts. */
const convolutions: fc.Arbitrary<Trial> = fc.record({
  batch: size(2), into: size(3), out: size(3), height: fc.integer({ min: 3, max: 7 }), width: fc.integer({ min: 3, max: 7 }),
  filter: fc.constantFrom<[number, number]>([1, 1], [3, 3], [3, 3], [2, 3]), stride: fc.constantFrom<number | [number, number]>(1, 1, 2, [1, 2]),
  pad: fc.constantFrom<Pad>('same', 'valid', 0, 1, 1, [0, 1, 0, 1], [2, 0, 1, 1]), format: fc.constantFrom('NCHW', 'NHWC'), random: seed,
}).map(({ batch, into, out, height, width, filter, stride, pad: drawnPad, format, random }) => {
  // One number for all sides: tfjs miscounts the output where filter or stride is not square.
  const square = filter[0] === filter[1] && !Array.isArray(stride);
  const pad = typeof drawnPad === 'number' && !square ? [drawnPad, drawnPad, drawnPad, drawnPad] : drawnPad;
  const explicit = (): [number, number][] => {
    const [top, bottom, left, right] = pad as [number, number, number, number];
    const none: [number, number] = [0, 0];
    return format === 'NCHW' ? [none, none, [top, bottom], [left, right]] : [none, [top, bottom], [left, right], none];
  };
  return {
    operands: [floats(format === 'NCHW' ? [batch, into, height, width] : [batch, height, width, into], random), floats([...filter, into, out], random + 1)],
    run: (x: tf.Tensor, w: tf.Tensor) =>
      tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, (Array.isArray(pad) ? explicit() : pad) as 'same', format as 'NCHW', 1,
        typeof pad === 'number' || Array.isArray(pad) ? 'floor' : undefined),
  };
});

export const productCases: KernelCases = {
  BatchMatMul: matrixProducts,
  Conv2D: convolutions,
  Conv2DBackpropInput: convolutions,
  Conv2DBackpropFilter: convolutions,
};
