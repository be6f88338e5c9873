// Tries one execution provider against the CPU: same results? how long for the same work?
// Runs inside an engine process that may die of it: a driver can crash whoever loads it.
import * as ort from 'onnxruntime-node';
import type { ProbeReport, Provider } from './messages.ts';
import { probeGraph } from './probe-graph.ts';

/** Providers may compute in half precision inside, so agreement is asked to a few per cent of the largest value. */
const tolerance = 0.03;
const size = 256;
/** A provider this much slower on one layer is not timed on many. */
const hopeless = 4;

/** Never throws: what goes wrong is the report's `problem`. */
export async function probeProvider(provider: Provider, threads: number): Promise<ProbeReport> {
  try {
    const small = await compare(provider, threads, 1);
    if (!small.agrees) return { provider, problem: 'its results differ from those of the CPU', ms: null, cpuMs: null };
    if (small.ms > hopeless * small.cpuMs) return { provider, problem: null, ms: small.ms, cpuMs: small.cpuMs };
    const large = await compare(provider, threads, 12);
    return { provider, problem: null, ms: large.ms, cpuMs: large.cpuMs };
  } catch (thrown) {
    return { provider, problem: thrown instanceof Error ? thrown.message : String(thrown), ms: null, cpuMs: null };
  }
}

async function compare(provider: Provider, threads: number, layers: number) {
  const graph = probeGraph(size, layers);
  const cpu = await measure(graph, 'cpu', threads);
  const other = await measure(graph, provider, threads);
  return { agrees: agree(cpu.result, other.result), ms: other.ms, cpuMs: cpu.ms };
}

/** Fastest of three runs, after one that compiles. */
async function measure(graph: Uint8Array, provider: Provider, threads: number): Promise<{ result: Float32Array; ms: number }> {
  const session = await ort.InferenceSession.create(graph, {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    logSeverityLevel: 4,
  });
  try {
    const feeds = { x: wave(0.9), w: wave(1.7) };
    let result = await session.run(feeds);
    let ms = Infinity;
    for (let round = 0; round < 3; round++) {
      const start = performance.now();
      result = await session.run(feeds);
      ms = Math.min(ms, performance.now() - start);
    }
    return { result: result['y']!.data as Float32Array, ms };
  } finally {
    await session.release();
  }
}

function wave(frequency: number): ort.Tensor {
  return new ort.Tensor('float32', Float32Array.from({ length: size * size }, (_, i) => Math.sin(frequency * i)), [size, size]);
}

/** max|Δ| ≤ tolerance × max|reference|; anything not a number disagrees. */
export function agree(reference: Float32Array, values: Float32Array): boolean {
  if (reference.length !== values.length) return false;
  const largest = reference.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  return reference.every((value, i) => Math.abs(value - values[i]!) <= tolerance * largest);
}
