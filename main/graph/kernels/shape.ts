// Kernels that move data without computing: reshape, slice, concatenate, gather, pad, tile, resize.
import * as tf from '@tensorflow/tfjs';
import { kernel } from '../backend.ts';
import type { Recorder } from '../recorder.ts';
import { int, sizeOf, string, type DType, type Value } from '../values.ts';

function slice(r: Recorder, x: Value, begin: readonly number[], size: readonly number[]): Value {
  const axes = x.shape.flatMap((n, i) => (begin[i] === 0 && size[i] === n ? [] : [i]));
  if (axes.length === 0) return x;
  if (x.splat !== undefined) return r.splat(x.splat, x.dtype, size);
  const starts = axes.map((i) => begin[i]!);
  const ends = axes.map((i) => begin[i]! + size[i]!);
  return r.node('Slice', [x, r.int64(starts), r.int64(ends), r.int64(axes)], x.dtype, size);
}

function concat(r: Recorder, parts: readonly Value[], axis: number): Value {
  const full = parts.filter((part) => sizeOf(part.shape) > 0);
  const first = full[0] ?? parts[0]!;
  if (full.length <= 1) return first;
  const shape = first.shape.map((n, i) => (i === axis ? full.reduce((sum, part) => sum + part.shape[axis]!, 0) : n));
  return r.node('Concat', full, first.dtype, shape, { attributes: { axis: int(axis) } });
}

const numbered = (optional: (name: string) => Value | undefined): Value[] => {
  const values: Value[] = [];
  for (let i = 0, next = optional('0'); next; i += 1, next = optional(String(i))) values.push(next);
  return values;
};

const tile = (r: Recorder, x: Value, reps: readonly number[]): Value => {
  const shape = x.shape.map((n, i) => n * reps[i]!);
  if (x.splat !== undefined) return r.splat(x.splat, x.dtype, shape);
  if (reps.every((n) => n === 1)) return x;
  // Repeating axes of length one is a broadcast.
  if (reps.every((n, i) => n === 1 || x.shape[i] === 1)) return r.node('Expand', [x, r.int64(shape)], x.dtype, shape);
  return r.node('Tile', [x, r.int64(reps)], x.dtype, shape);
};

function registerMoves(): void {
  kernel<{ shape: number[] }>('Reshape', ({ recorder, input, attrs }) =>
    recorder.reshape(input('x'), tf.util.inferFromImplicitShape(attrs.shape, sizeOf(input('x').shape))));
  kernel<{ dim: number }>('ExpandDims', ({ recorder, input, attrs }) => {
    const shape = [...input('input').shape];
    shape.splice(attrs.dim < 0 ? shape.length + 1 + attrs.dim : attrs.dim, 0, 1);
    return recorder.reshape(input('input'), shape);
  });
  kernel<{ perm: number[] }>('Transpose', ({ recorder, input, attrs }) => recorder.transpose(input('x'), attrs.perm));
  kernel<{ reps: number[] }>('Tile', ({ recorder, input, attrs }) => tile(recorder, input('x'), attrs.reps));
  kernel<{ shape: number[] }>('BroadcastTo', ({ recorder, input, attrs }) =>
    recorder.node('Expand', [input('x'), recorder.int64(attrs.shape)], input('x').dtype, attrs.shape));
  kernel<{ paddings: [number, number][]; constantValue: number }>('PadV2', ({ recorder: r, input, attrs }) => {
    const x = input('x');
    const shape = x.shape.map((n, i) => n + attrs.paddings[i]![0] + attrs.paddings[i]![1]);
    const pads = [...attrs.paddings.map(([before]) => before), ...attrs.paddings.map(([, after]) => after)];
    if (pads.every((n) => n === 0)) return x;
    return r.node('Pad', [x, r.int64(pads), r.splat(attrs.constantValue, x.dtype, [])], x.dtype, shape, { attributes: { mode: string('constant') } });
  });
  kernel<{ dims: number | number[] }>('Reverse', ({ recorder: r, input, attrs }) => {
    const x = input('x');
    const axes = tf.util.parseAxisParam(attrs.dims, [...x.shape]);
    const of = (f: (axis: number) => number): Value => r.int64(axes.map(f));
    return r.node('Slice', [x, of(() => -1), of((axis) => -x.shape[axis]! - 1), r.int64(axes), of(() => -1)], x.dtype, x.shape);
  });
}

/** WebGPU promises a shader eight storage buffers: the input and seven parts. */
const mostParts = 7;

/** `x` cut into parts of these sizes along `axis`; many parts in several rounds. */
function split(r: Recorder, x: Value, sizes: readonly number[], axis: number): Value[] {
  if (sizes.length === 1) return [x];
  let count = 1;
  while (count * mostParts < sizes.length) count *= mostParts;
  const groups = Array.from({ length: Math.ceil(sizes.length / count) }, (_, i) => sizes.slice(i * count, (i + 1) * count));
  const totals = groups.map((group) => group.reduce((sum, n) => sum + n, 0));
  const parts = totals.map((total) => ({ dtype: x.dtype, shape: x.shape.map((m, i) => (i === axis ? total : m)) }));
  return r.nodes('Split', [x, r.int64(totals)], parts, { attributes: { axis: int(axis) } }).flatMap((part, i) => split(r, part, groups[i]!, axis));
}

function registerParts(): void {
  kernel<{ begin: number[]; size: number[] }>('Slice', ({ recorder, input, attrs }) => {
    const x = input('x');
    const [begin, size] = tf.slice_util.parseSliceParams(x as unknown as tf.TensorInfo, attrs.begin, attrs.size);
    return slice(recorder, x, begin!, size!);
  });
  kernel<{ numOrSizeSplits: number | number[]; axis: number }>('SplitV', ({ recorder: r, input, attrs }) => {
    const x = input('x');
    const axis = tf.util.parseAxisParam(attrs.axis, [...x.shape])[0]!;
    const sizes = tf.backend_util.prepareSplitSize(x as unknown as tf.Tensor, attrs.numOrSizeSplits, axis);
    return split(r, x, sizes, axis);
  });
  kernel<{ axis: number }>('Concat', ({ recorder, optional, attrs }) => {
    const parts = numbered(optional);
    return concat(recorder, parts, tf.util.parseAxisParam(attrs.axis, [...parts[0]!.shape])[0]!);
  });
  kernel<{ axis: number }>('Pack', ({ recorder: r, optional, attrs }) => {
    const values = numbered(optional);
    const axis = attrs.axis < 0 ? attrs.axis + values[0]!.shape.length + 1 : attrs.axis;
    return concat(r, values.map((value) => r.reshape(value, value.shape.toSpliced(axis, 0, 1))), axis);
  });
  kernel<{ axis: number }>('Unpack', ({ recorder: r, input, attrs }) => {
    const x = input('value');
    const axis = attrs.axis < 0 ? attrs.axis + x.shape.length : attrs.axis;
    return Array.from({ length: x.shape[axis]! }, (_, i) => {
      const part = slice(r, x, x.shape.map((_n, j) => (j === axis ? i : 0)), x.shape.map((n, j) => (j === axis ? 1 : n)));
      return r.reshape(part, x.shape.toSpliced(axis, 1));
    });
  });
}

function registerIndexing(): void {
  kernel<{ axis: number; batchDims: number }>('GatherV2', ({ recorder, input, attrs }) => {
    const [x, indices] = [input('x'), input('indices')];
    if (attrs.batchDims !== 0) throw new Error("Kernel 'GatherV2' is not recorded with batch dimensions.");
    const axis = tf.util.parseAxisParam(attrs.axis, [...x.shape])[0]!;
    const shape = x.shape.toSpliced(axis, 1, ...indices.shape);
    return recorder.node('Gather', [x, indices], x.dtype, shape, { attributes: { axis: int(axis) } });
  });
  /** Rows of x added up by segment: a product with the one-hot matrix of the ids, which every provider has. */
  kernel<{ numSegments: number }>('UnsortedSegmentSum', ({ recorder: r, input, attrs }) => {
    const [x, ids] = [input('x'), input('segmentIds')];
    const count = sizeOf(ids.shape);
    const width = sizeOf(x.shape) / count;
    const segments = r.constant(Int32Array.from({ length: attrs.numSegments }, (_, i) => i), 'int32', [attrs.numSegments, 1]);
    const member = r.node('Equal', [segments, r.reshape(ids, [1, count])], 'bool', [attrs.numSegments, count]);
    const sums = r.node('MatMul', [r.cast(member, 'float32'), r.reshape(x, [count, width])], 'float32', [attrs.numSegments, width]);
    return r.reshape(sums, [attrs.numSegments, ...x.shape.slice(ids.shape.length)]);
  });
  kernel<{ dtype: DType; depth: number; onValue: number; offValue: number }>('OneHot', ({ recorder: r, input, attrs }) => {
    // Not ONNX's OneHot, which counts ids below zero from the end.
    const indices = input('indices');
    const shape = [...indices.shape, attrs.depth];
    const range = r.constant(Int32Array.from({ length: attrs.depth }, (_, i) => i), 'int32', [attrs.depth]);
    const member = r.node('Equal', [r.reshape(indices, [...indices.shape, 1]), range], 'bool', shape);
    const hot = r.elementwise('Where', [member, r.splat(attrs.onValue, 'float32', shape), r.splat(attrs.offValue, 'float32', shape)], 'float32', shape);
    return r.cast(hot, attrs.dtype ?? 'int32');
  });
}

function registerResize(): void {
  const wholeFactor = (to: number, from: number, alignCorners: boolean): number => {
    if (alignCorners || to % from !== 0) throw new Error(`Nearest resize is recorded for whole factors and corners not aligned only, not ${from} → ${to}${alignCorners ? ' with aligned corners' : ''}.`);
    return to / from;
  };
  // tfjs images are N, H, W, C. Networks here keep N, C, H, W: see `upsampleNearest` in networks/layers.ts.
  kernel<{ size: [number, number]; alignCorners: boolean; halfPixelCenters: boolean }>('ResizeNearestNeighbor', ({ recorder: r, input, attrs }) => {
    const x = input('images');
    const [n, h, w, c] = x.shape as [number, number, number, number];
    const [fy, fx] = [wholeFactor(attrs.size[0], h, attrs.alignCorners), wholeFactor(attrs.size[1], w, attrs.alignCorners)];
    const spread = r.node('Expand', [r.reshape(x, [n, h, 1, w, 1, c]), r.int64([n, h, fy, w, fx, c])], x.dtype, [n, h, fy, w, fx, c]);
    return r.reshape(spread, [n, h * fy, w * fx, c]);
  });
  kernel<{ alignCorners: boolean }>('ResizeNearestNeighborGrad', ({ recorder: r, input, attrs }) => {
    const [x, dy] = [input('images'), input('dy')];
    const [n, h, w, c] = x.shape as [number, number, number, number];
    const [fy, fx] = [wholeFactor(dy.shape[1]!, h, attrs.alignCorners), wholeFactor(dy.shape[2]!, w, attrs.alignCorners)];
    const cells = r.reshape(dy, [n, h, fy, w, fx, c]);
    return r.node('ReduceSum', [cells, r.int64([2, 4])], dy.dtype, [n, h, w, c], { attributes: { keepdims: int(0) } });
  });
}

export function registerShapes(): void {
  registerMoves();
  registerParts();
  registerIndexing();
  registerResize();
}

