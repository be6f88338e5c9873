// The machine's matrix peak: float32 products of several shapes by ONNX Runtime, interleaved. Other rows are shown as a share of it.
import * as tf from '@tensorflow/tfjs';
import { openSession } from '../main/graph/session.ts';
import { trace } from '../main/graph/trace.ts';
import { interleaved, machine, median, table, tensor } from './measure.ts';

/** [m, k, n]: squares, and the products of a transformer of width 256 with 1280 tokens in a batch. */
const shapes: [string, number, number, number][] = [
  ['512 × 512 × 512', 512, 512, 512],
  ['1024 × 1024 × 1024', 1024, 1024, 1024],
  ['2048 × 1024 × 2048', 2048, 1024, 2048],
  ['projection 1280 × 256 × 256', 1280, 256, 256],
  ['feed-forward 1280 × 256 × 1024', 1280, 256, 1024],
  ['its gradient 256 × 1280 × 1024', 256, 1280, 1024],
];

interface Product {
  name: string;
  flops: number;
  run(): Promise<void>;
  close(): Promise<void>;
}

/** A fifth of a second on a laptop's cores, so that the peak is the machine's and not its clock's. */
export const peakWork = 2e10;

/** Repeats the product until about `work` floating-point operations are done: a millisecond's luck must not become the peak. */
export async function product(name: string, m: number, k: number, n: number, work = 5e8): Promise<Product> {
  const graph = trace({ a: { dtype: 'float32', shape: [m, k] }, b: { dtype: 'float32', shape: [k, n] } }, ({ a, b }) => ({ y: tf.matMul(a, b) }));
  const session = await openSession(graph);
  const feeds = { a: tensor([m, k]), b: tensor([k, n]) };
  const fetches = { y: tensor([m, n]) };
  const repeats = Math.max(1, Math.round(work / (2 * m * k * n)));
  const run = async (): Promise<void> => {
    for (let i = 0; i < repeats; i++) await session.run(feeds, fetches);
  };
  await run();
  return { name, flops: repeats * 2 * m * k * n, run, close: () => session.release() };
}

export default async function run(args: string[] = []): Promise<void> {
  const rounds = Number(args[0] ?? 9);
  const products = await Promise.all(shapes.map((shape) => product(...shape)));
  const times = await interleaved(Object.fromEntries(products.map(({ name, run: once }) => [name, once])), rounds);
  console.log(machine());
  const rate = (flops: number, ms: number): number => flops / ms / 1e6;
  const rates = products.map(({ name, flops }) => ({ name, typical: rate(flops, median(times[name]!)), best: rate(flops, Math.min(...times[name]!)) }));
  const peak = Math.max(...rates.map(({ typical }) => typical));
  table([['float32 product', 'GFLOP/s (median)', 'best', 'share of the highest median'], ...rates.map(({ name, typical, best }) => [name, typical.toFixed(1), best.toFixed(1), `${Math.round((100 * typical) / peak)} %`])]);
  for (const { close } of products) await close();
}
