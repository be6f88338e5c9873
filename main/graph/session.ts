// Runs a recorded graph with ONNX Runtime. The only module of `graph` that touches the runtime.
import path from 'node:path';
import * as ort from 'onnxruntime-node';
import { encodeModel } from './model.ts';
import type { Graph } from './values.ts';

export interface SessionOptions {
  /** Execution providers in order of preference, such as `['webgpu', 'cpu']`. */
  providers?: readonly string[];
  /** 0 or left out: the runtime decides (one per core). */
  threads?: number;
  /** Threads sleep between operators instead of spinning: a little slower alone, far kinder beside other work. */
  gentle?: boolean;
}

/**
 * The runtime takes external data of a model without a path as relative to the working directory, and refuses absolute
 * locations. A process that opens checkpoints works at the root of their volume.
 */
function locate(file: string): string {
  const relative = path.relative(process.cwd(), file);
  if (path.isAbsolute(relative)) throw new Error(`'${file}' is on another volume than the engine's working directory.`);
  return relative.split(path.sep).join('/');
}

export async function openSession(graph: Graph, options: SessionOptions = {}): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(encodeModel(graph, { locate }), {
    executionProviders: [...(options.providers ?? ['cpu'])],
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    ...(options.gentle && { extra: { session: { intra_op: { allow_spinning: '0' } } } }),
    ...(options.threads && { intraOpNumThreads: options.threads }),
  });
}
