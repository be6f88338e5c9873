// What the benchmarks share: interleaved timing, medians, tables, counted arithmetic. Measures; decides nothing.
import { cpus } from 'node:os';
import * as ort from 'onnxruntime-node';
import type { Graph } from '../main/graph/values.ts';
import { sizeOf } from '../main/graph/values.ts';

export const median = (numbers: readonly number[]): number => {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/**
 * Times the candidates in turn, round after round, so that whatever else the machine does meets all of them. A candidate may say
 * itself how many milliseconds it took. Returns all times by name.
 */
export async function interleaved(candidates: Readonly<Record<string, () => Promise<number | void> | number | void>>, rounds: number): Promise<Record<string, number[]>> {
  const times = Object.fromEntries(Object.keys(candidates).map((name): [string, number[]] => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(candidates)) {
      const start = performance.now();
      const own = await run();
      times[name]!.push(typeof own === 'number' ? own : performance.now() - start);
    }
  }
  return times;
}

/** How many times as long as `base` each candidate took: the median over the rounds, and the rounds' extremes. Each round compares what ran side by side. */
export function ratios(times: Readonly<Record<string, readonly number[]>>, base: string): Record<string, { median: number; low: number; high: number }> {
  return Object.fromEntries(Object.entries(times).map(([name, own]) => {
    const each = own.map((ms, round) => ms / times[base]![round]!);
    return [name, { median: median(each), low: Math.min(...each), high: Math.max(...each) }];
  }));
}

/** Multiplications and additions of a graph's matrix products and convolutions: 2·m·n·k each. */
export function productFlops(graph: Graph): number {
  let flops = 0;
  for (const { op, inputs, outputs } of graph.nodes) {
    if (op === 'MatMul') flops += 2 * sizeOf(outputs[0]!.shape) * inputs[0]!.shape.at(-1)!;
    if (op === 'Conv') flops += 2 * sizeOf(outputs[0]!.shape) * sizeOf(inputs[1]!.shape.slice(1));
    if (op === 'ConvTranspose') flops += 2 * sizeOf(inputs[0]!.shape) * sizeOf(inputs[1]!.shape.slice(1));
  }
  return flops;
}

export function table(rows: readonly (readonly (string | number)[])[]): void {
  const texts = rows.map((row) => row.map(String));
  const widths = texts[0]!.map((_, i) => Math.max(...texts.map((row) => row[i]!.length)));
  for (const row of texts) console.log(row.map((text, i) => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!))).join('   '));
}

export const machine = (): string => `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.versions.node}, onnxruntime ${ort.env.versions['node'] ?? ort.env.versions.common}`;

/** Random float32 tensor to feed a session. */
export const tensor = (shape: readonly number[], scale = 1): ort.Tensor =>
  new ort.Tensor('float32', Float32Array.from({ length: sizeOf(shape) }, () => (Math.random() - 0.5) * scale), [...shape]);
