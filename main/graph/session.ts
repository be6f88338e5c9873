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
  /** Threads sleep between operators instead of spinning: a tenth slower alone, kinder beside other work of the same priority. */
  gentle?: boolean;
  /**
   * Takes memory piece by piece. Else the runtime plans the second run's as one block, beside what the first run took for the same: 1.2 instead
   * of 0.8 GB for a training step whose tensors need 0.5 (onnxruntime 1.30), in the same time.
   */
  piecemeal?: boolean;
  /** On the CPU a product and the bias that is added to it stay two operators: over thousands of rows the runtime's one takes longer (onnxruntime 1.30). */
  biasApart?: boolean;
  /** Outputs that stay in the device's memory, to be fed to a later run; only where `canKeepOutputs`. */
  keptOutputs?: readonly string[];
}

/** The runtime for Node has tensors outside of the host's memory for WebGPU alone (onnxruntime 1.30). */
export const canKeepOutputs = ({ providers }: Pick<SessionOptions, 'providers'>): boolean => providers?.[0] === 'webgpu';

/**
 * Whether normalisations return what they divided by beside the result. ONNX makes that optional; WebGPU leaves it out and the next operator
 * finds no input (onnxruntime 1.30). Of the others only those are believed that are known to.
 */
export const givesStatistics = ({ providers }: Pick<SessionOptions, 'providers'>): boolean => (providers ?? ['cpu']).every((provider) => provider === 'cpu' || provider === 'cuda');

/**
 * Makes a session of a graph. Its files of weights must lie on one volume: the runtime refuses absolute locations and any that
 * leave the folder it is told, links included, so it is told the root of the volume. (Without a folder it would take the working
 * directory, but then fails on tensors of less than 128 bytes: "model_path must not be empty", onnxruntime 1.30.)
 */
export async function openSession(graph: Graph, options: SessionOptions = {}): Promise<ort.InferenceSession> {
  let root: string | null = null;
  const locate = (file: string): string => {
    const full = path.resolve(file);
    const volume = path.parse(full).root;
    root ??= volume;
    if (volume !== root) throw new Error(`'${file}' is on another volume than the graph's other weights.`);
    return path.relative(root, full).split(path.sep).join('/');
  };
  const model = encodeModel(graph, { locate });
  return ort.InferenceSession.create(model, {
    executionProviders: [...(options.providers ?? ['cpu'])],
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    ...(options.piecemeal && { enableMemPattern: false }),
    ...(options.keptOutputs && { preferredOutputLocation: Object.fromEntries(graph.outputs.map(({ name }) => [name, options.keptOutputs!.includes(name) ? 'gpu-buffer' : 'cpu'])) }),
    extra: {
      session: {
        ...(root !== null && { model_external_initializers_file_folder_path: root }),
        // Every session has threads of its own. Those of one that has just run would spin against those of the next: a student's
        // picture took half as long again.
        force_spinning_stop: '1',
        ...(options.gentle && { intra_op: { allow_spinning: '0' } }),
      },
      ...(options.biasApart && (options.providers ?? ['cpu'])[0] === 'cpu' && { optimization: { disable_specified_optimizers: 'MatMulAddFusion' } }),
    },
    ...(options.threads && { intraOpNumThreads: options.threads }),
  });
}
