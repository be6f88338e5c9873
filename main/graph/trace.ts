// Runs a function over tfjs tensors once, with names instead of numbers, and returns the graph it describes.
import * as tf from '@tensorflow/tfjs';
import { backendName, recordingBackend } from './backend.ts';
import { registerConvolutions } from './kernels/convolution.ts';
import { registerElementwise } from './kernels/elementwise.ts';
import { registerFused } from './kernels/fused.ts';
import { registerMatmul } from './kernels/matmul.ts';
import { registerReductions } from './kernels/reduction.ts';
import { registerShapes } from './kernels/shape.ts';
import { Recorder, type TraceMode } from './recorder.ts';
import type { DType, FileSlice, Graph } from './values.ts';

export interface TensorSpec {
  dtype: 'float32' | 'int32' | 'bool';
  shape: readonly number[];
}

export interface TraceTools {
  /** A tensor whose bytes stay in a file; half-precision ones arrive as float32. */
  external(name: string, dtype: DType, shape: readonly number[], slice: FileSlice): tf.Tensor;
}

export interface TraceOptions {
  name?: string;
  mode?: TraceMode;
  /** Keeps only what enters a `recomputable` part and computes its inside again where its gradient needs it. */
  recompute?: boolean;
  /** False for providers whose normalisations return no statistics; see `givesStatistics`. */
  statistics?: boolean;
}

let registered = false;

function registerKernels(): void {
  if (registered) return;
  registered = true;
  registerElementwise();
  registerReductions();
  registerShapes();
  registerMatmul();
  registerConvolutions();
  registerFused();
}

/**
 * Traces `build` for inputs of these shapes. Synchronous; no number is computed. Throws an Error that names the kernel when
 * `build` uses an operation that has no recorded form.
 */
export function trace<I extends Record<string, TensorSpec>>(
  inputs: I,
  build: (tensors: { [K in keyof I]: tf.Tensor }, tools: TraceTools) => Record<string, tf.Tensor>,
  options: TraceOptions = {},
): Graph {
  const backend = recordingBackend();
  registerKernels();
  const before = tf.engine().backendName;
  // Both calls take effect at once: a backend without asynchronous set-up is installed before the promise is made.
  void tf.setBackend(backendName);
  const recorder = new Recorder(options.mode ?? 'inference', options);
  const wrap = (value: Parameters<typeof backend.hold>[0]): tf.Tensor => {
    const { dataId, shape, dtype } = backend.hold(value);
    return tf.engine().makeTensorFromDataId(dataId as object, shape, dtype);
  };
  try {
    return backend.recordInto(recorder, () => {
      tf.engine().startScope();
      try {
        const tensors = Object.fromEntries(Object.entries(inputs).map(([name, spec]) => [name, wrap(recorder.input(name, spec.dtype, spec.shape))]));
        const outputs = build(tensors as { [K in keyof I]: tf.Tensor }, {
          external: (name, dtype, shape, slice) => wrap(recorder.external(name, dtype, shape, slice)),
        });
        const values = Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, backend.recorded(tensor)]));
        return recorder.finish(options.name ?? 'traced', values);
      } finally {
        tf.engine().endScope();
      }
    });
  } finally {
    if (before) void tf.setBackend(before);
  }
}

/** Whether operations are being recorded, and for what: own fused kernels exist only there. */
export function recordingMode(): TraceMode | null {
  return tf.engine().backendName === backendName ? recordingBackend().recorder.mode : null;
}

/**
 * Runs `part` on `inputs`, the large tensors that it works on; weights it looks up itself. Where a graph is traced with `recompute`, what
 * `part` makes on the way is not kept for its gradient. Anything but its results must not be read outside of it.
 */
export function recomputable(inputs: readonly tf.Tensor[], part: () => tf.Tensor[]): tf.Tensor[] {
  if (recordingMode() !== 'training' || !recordingBackend().recorder.recompute) return part();
  const backend = recordingBackend();
  const { recorder } = backend;
  const { made, segment } = recorder.segment(inputs.map((tensor) => backend.recorded(tensor)), part);
  return made.map((result) => tf.customGrad((x) => ({
    value: (x as tf.Tensor).clone(),
    gradFunc: (gradient: tf.Tensor) => {
      recorder.arrived(segment, backend.recorded(gradient));
      return gradient;
    },
  }))(result));
}
