// Reductions over axes.
import * as tf from '@tensorflow/tfjs';
import { kernel } from '../backend.ts';
import type { Recorder } from '../recorder.ts';
import { int, sizeOf, type DType, type Value } from '../values.ts';

interface Reduce { axis: number | number[] | null; keepDims: boolean }

function reduce(r: Recorder, op: string, x: Value, attrs: Reduce, dtype: DType = x.dtype): Value {
  const axes = tf.util.parseAxisParam(attrs.axis ?? x.shape.map((_, i) => i), [...x.shape]);
  const kept = x.shape.map((n, i) => (axes.includes(i) ? 1 : n));
  const shape = attrs.keepDims ? kept : x.shape.filter((_, i) => !axes.includes(i));
  // Reducing axes of length one only moves the shape.
  if (axes.every((axis) => x.shape[axis] === 1) && dtype === x.dtype) return r.reshape(x, shape);
  if (op === 'ReduceSum' && x.splat !== undefined && dtype === 'float32') {
    return r.splat(Math.fround(x.splat * (sizeOf(x.shape) / sizeOf(kept))), dtype, shape);
  }
  // A sum over rows, such as a bias's gradient: the product with ones takes half of the operator's time or less (onnxruntime 1.30).
  const [rows, columns] = x.shape.slice(-2);
  if (op === 'ReduceSum' && dtype === 'float32' && columns !== undefined && axes.length === 1 && axes[0] === x.shape.length - 2) {
    return r.reshape(r.node('MatMul', [r.splat(1, dtype, [1, rows!]), x], dtype, [...x.shape.slice(0, -2), 1, columns]), shape);
  }
  return r.node(op, [x, r.int64(axes)], dtype, shape, { attributes: { keepdims: int(attrs.keepDims ? 1 : 0) } });
}

export function registerReductions(): void {
  for (const [name, op] of Object.entries({ Sum: 'ReduceSum', Prod: 'ReduceProd' })) {
    kernel<Reduce>(name, ({ recorder, input, attrs }) => reduce(recorder, op, input('x'), attrs));
  }
  // A mean of whole numbers is none.
  kernel<Reduce>('Mean', ({ recorder, input, attrs }) => reduce(recorder, 'ReduceMean', recorder.cast(input('x'), 'float32'), attrs));
  for (const [name, op] of Object.entries({ Max: 'ReduceMax', Min: 'ReduceMin' })) {
    kernel<{ reductionIndices?: number | number[]; axis?: number | number[]; keepDims: boolean }>(name, ({ recorder, input, attrs }) =>
      reduce(recorder, op, input('x'), { axis: attrs.reductionIndices ?? attrs.axis ?? null, keepDims: attrs.keepDims }));
  }
  for (const [name, op] of Object.entries({ All: 'ReduceMin', Any: 'ReduceMax' })) {
    kernel<Reduce>(name, ({ recorder, input, attrs }) => recorder.cast(reduce(recorder, op, recorder.cast(input('x'), 'int32'), attrs), 'bool'));
  }
  for (const name of ['ArgMax', 'ArgMin']) {
    kernel<{ axis: number }>(name, ({ recorder, input, attrs }) => {
      const x = input('x');
      const axis = tf.util.parseAxisParam(attrs.axis, [...x.shape])[0]!;
      const found = recorder.node(name, [x], 'int64', x.shape.filter((_, i) => i !== axis), { attributes: { axis: int(axis), keepdims: int(0) } });
      return recorder.cast(found, 'int32');
    });
  }
}
