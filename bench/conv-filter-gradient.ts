// Ways to compute the filter gradient of a 3×3 convolution with ONNX Runtime, beside its forward pass, on the shapes of the autoencoder.
// main/graph/kernels/convolution.ts records the second.
import * as tf from '@tensorflow/tfjs';
import type * as ort from 'onnxruntime-node';
import { Recorder } from '../main/graph/recorder.ts';
import { openSession } from '../main/graph/session.ts';
import { int, ints, type Graph, type Value } from '../main/graph/values.ts';
import { trace } from '../main/graph/trace.ts';
import { interleaved, machine, median, table, tensor } from './measure.ts';

/** [batch, channels in, channels out, side] */
const shapes: [number, number, number, number][] = [[8, 16, 16, 64], [8, 32, 32, 32], [8, 64, 64, 16]];

type Way = (r: Recorder, x: Value, dy: Value, dims: { n: number; c: number; o: number; s: number }) => Value;

/** Windows of the padded image, one for each place of the filter. */
function windows(r: Recorder, x: Value, { n, c, s }: { n: number; c: number; s: number }): Value[] {
  const padded = r.node('Pad', [x, r.int64([0, 0, 1, 1, 0, 0, 1, 1])], 'float32', [n, c, s + 2, s + 2]);
  return Array.from({ length: 9 }, (_, k) => {
    const [i, j] = [Math.floor(k / 3), k % 3];
    return r.node('Slice', [padded, r.int64([i, j]), r.int64([i + s, j + s]), r.int64([2, 3])], 'float32', [n, c, s, s]);
  });
}

const sumOverBatch = (r: Recorder, x: Value): Value =>
  r.node('ReduceSum', [x, r.int64([0])], 'float32', x.shape.slice(1), { attributes: { keepdims: int(0) } });

const ways: Record<string, Way> = {
  /** Batch and channels change places: one convolution whose filter is as large as the image. */
  'one Conv, image-sized filter': (r, x, dy, { n, c, o, s }) => {
    const [images, filter] = [r.transpose(x, [1, 0, 2, 3]), r.transpose(dy, [1, 0, 2, 3])];
    const y = r.node('Conv', [images, filter], 'float32', [c, o, 3, 3], { attributes: { strides: ints([1, 1]), pads: ints([1, 1, 1, 1]) } });
    return r.transpose(y, [1, 0, 2, 3]);
  },
  'nine products (recorded)': (r, x, dy, dims) => {
    const rows = r.reshape(dy, [dims.n, dims.o, dims.s ** 2]);
    const taps = windows(r, x, dims).map((window) =>
      r.node('MatMul', [rows, r.transpose(r.reshape(window, [dims.n, dims.c, dims.s ** 2]), [0, 2, 1])], 'float32', [dims.n, dims.o, dims.c]));
    return sumOverBatch(r, r.node('Concat', taps, 'float32', [dims.n, dims.o, 9 * dims.c], { attributes: { axis: int(2) } }));
  },
  'nine slices joined, one product': (r, x, dy, dims) => {
    const { n, c, o, s } = dims;
    const joined = r.node('Concat', windows(r, x, dims), 'float32', [n, 9 * c, s, s], { attributes: { axis: int(1) } });
    const product = r.node('MatMul', [r.reshape(dy, [n, o, s * s]), r.transpose(r.reshape(joined, [n, 9 * c, s * s]), [0, 2, 1])], 'float32', [n, o, 9 * c]);
    return sumOverBatch(r, product);
  },
  /** The batch becomes part of the summed axis: no product per picture and no sum after. */
  'nine slices joined, pictures too': (r, x, dy, dims) => {
    const { n, c, o, s } = dims;
    const joined = r.node('Concat', windows(r, x, dims), 'float32', [n, 9 * c, s, s], { attributes: { axis: int(1) } });
    const rows = r.reshape(r.transpose(dy, [1, 0, 2, 3]), [o, n * s * s]);
    const columns = r.reshape(r.transpose(r.reshape(joined, [n, 9 * c, s * s]), [0, 2, 1]), [n * s * s, 9 * c]);
    return r.node('MatMul', [rows, columns], 'float32', [o, 9 * c]);
  },
};

function graphOf(way: Way, n: number, c: number, o: number, s: number): Graph {
  const r = new Recorder('training');
  const [x, dy] = [r.input('x', 'float32', [n, c, s, s]), r.input('dy', 'float32', [n, o, s, s])];
  return r.finish('filter_gradient', { y: way(r, x, dy, { n, c, o, s }) });
}

const total = (values: Float32Array): number => values.reduce((sum, x) => sum + Math.abs(x), 0);

export default async function run(args: string[] = []): Promise<void> {
  const rounds = Number(args[0] ?? 15);
  console.log(machine());
  const rows: (string | number)[][] = [];
  for (const [n, c, o, s] of shapes) {
    const feeds = { x: tensor([n, c, s, s]), dy: tensor([n, o, s, s]) };
    const filter = tensor([3, 3, c, o]);
    const forward = await openSession(trace({ x: { dtype: 'float32', shape: [n, c, s, s] }, w: { dtype: 'float32', shape: [3, 3, c, o] } },
      ({ x, w }) => ({ y: tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 1, 'NCHW') })));
    const sessions: [string, ort.InferenceSession, Record<string, ort.Tensor>][] = [['forward', forward, { x: feeds.x, w: filter }]];
    for (const [name, way] of Object.entries(ways)) sessions.push([name, await openSession(graphOf(way, n, c, o, s)), feeds]);
    const sums: string[] = [];
    for (const [name, session, inputs] of sessions) {
      const { y } = await session.run(inputs);
      if (name !== 'forward') sums.push(total(y!.data as Float32Array).toPrecision(4));
    }
    const times = await interleaved(Object.fromEntries(sessions.map(([name, session, inputs]) => [name, async () => void (await session.run(inputs))])), rounds);
    const base = median(times['forward']!);
    for (const [name] of sessions) {
      const ms = median(times[name]!);
      rows.push([name === 'forward' ? `[${n}, ${c}→${o}, ${s}×${s}] forward` : `  ${name}`, ms.toFixed(2), name === 'forward' ? '' : `${(ms / base).toFixed(2)} ×`]);
    }
    if (new Set(sums).size > 1) console.log(`the ways disagree: Σ|dW| = ${sums.join(', ')}`);
    for (const [, session] of sessions) await session.release();
  }
  table([['3×3 convolution, stride 1', 'median ms', 'of forward'], ...rows]);
}
