// Random shapes and operands that the kernels' test cases share.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import type { Operand, Trial } from '../testing.ts';
import { sameShape } from '../values.ts';

/** For each kernel, by tfjs's name: trials that call it. */
export type KernelCases = Readonly<Record<string, fc.Arbitrary<Trial>>>;

export const seed = fc.integer({ min: 1, max: 1_000_000 });

export const shape = (minRank: number, maxRank: number, maxSize = 4): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: 1, max: maxSize }), { minLength: minRank, maxLength: maxRank });

/** A shape and one of its axes, counted from either end. */
export const shapeAndAxis = (minRank: number, maxRank: number, maxSize = 4): fc.Arbitrary<{ shape: number[]; axis: number }> =>
  shape(minRank, maxRank, maxSize).chain((drawn) => fc.record({ shape: fc.constant(drawn), axis: fc.integer({ min: -drawn.length, max: drawn.length - 1 }) }));

/** Some axes of a shape, each once, some counted from the end; null for all. */
export const axesOf = (drawn: readonly number[]): fc.Arbitrary<number[] | null> =>
  fc.option(fc.subarray(drawn.map((_, i) => i), { minLength: 1 }).chain((axes) =>
    fc.array(fc.boolean(), { minLength: axes.length, maxLength: axes.length }).map((turned) => axes.map((axis, i) => (turned[i] ? axis - drawn.length : axis)))), { nil: null });

/** Two shapes that broadcast together: axes of length one, missing leading axes. */
export const broadcastable: fc.Arbitrary<[number[], number[]]> = shape(1, 4).chain((full) => {
  const part = fc.tuple(fc.array(fc.boolean(), { minLength: full.length, maxLength: full.length }), fc.nat(full.length))
    .map(([narrow, missing]) => full.map((n, i) => (narrow[i] ? 1 : n)).slice(missing));
  return fc.tuple(fc.oneof(part, fc.constant(full)), fc.oneof(part, fc.constant(full)));
});

/** How the other operand of a binary operation enters: as an input, as a table, or as one number for every element. */
type Source = 'operand' | 'table' | 'splat' | 'number';

/**
 * Trials of an operation on two operands, one of which may be a constant, on either side. `gradients: 'same shape'` leaves the
 * gradients out where tfjs forgets to sum those of a broadcast operand.
 */
export function binaryTrials(
  run: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  draw: (shape: readonly number[], seed: number) => Operand,
  splats: readonly number[],
  gradients: 'any shape' | 'same shape' = 'any shape',
): fc.Arbitrary<Trial> {
  const source = fc.constantFrom<Source>('operand', 'operand', 'table', 'splat', 'number');
  return fc.record({ shapes: broadcastable, source, splat: fc.constantFrom(...splats), swapped: fc.boolean(), first: seed, second: seed })
    .map(({ shapes: [a, b], source: kind, splat, swapped, first, second }) => {
      const one = draw(a, first);
      const other = draw(b, second);
      const constant = (): tf.Tensor => {
        if (kind === 'table') return tf.tensor(other.data, b, other.dtype);
        if (kind === 'number') return tf.scalar(splat, other.dtype);
        return tf.fill(b, splat, other.dtype as 'float32');
      };
      return {
        operands: kind === 'operand' ? [one, other] : [one],
        run: (x: tf.Tensor, y: tf.Tensor = constant()) => (swapped ? run(y, x) : run(x, y)),
        ...(gradients === 'same shape' && (kind === 'number' || !sameShape(a, b)) && { differentiable: false }),
      };
    });
}
