// A tfjs backend that records instead of computing: each kernel call becomes nodes of the current recorder.
// Holds no tensor data except constants; asking it for the values of a traced tensor is an error.
import * as tf from '@tensorflow/tfjs';
import type { Recorder } from './recorder.ts';
import type { ConstantData, DType, Value } from './values.ts';

export const backendName = 'record';

type DataId = tf.TensorInfo['dataId'];

class RecordingBackend extends tf.KernelBackend {
  readonly #values = new WeakMap<DataId, Value>();
  #count = 0;
  #recorder: Recorder | null = null;

  get recorder(): Recorder {
    if (!this.#recorder) throw new Error('A tensor operation ran on the recording backend outside of trace().');
    return this.#recorder;
  }

  /** Runs `body` with `recorder` as the one that kernels write to. */
  recordInto<T>(recorder: Recorder, body: () => T): T {
    if (this.#recorder) throw new Error('trace() cannot be nested.');
    this.#recorder = recorder;
    try {
      return body();
    } finally {
      this.#recorder = null;
    }
  }

  recorded(tensor: tf.TensorInfo): Value {
    const known = this.#values.get(tensor.dataId);
    if (known) return known;
    // A tensor made on another backend (a constant table, say) enters as a constant.
    const data = tf.engine().readSync(tensor.dataId) as ConstantData;
    return this.recorder.constant(data, tensor.dtype as DType, tensor.shape);
  }

  /** A tensor handle for a recorded value. */
  hold(value: Value): tf.TensorInfo {
    const dataId: DataId = {};
    this.#values.set(dataId, value);
    this.#count += 1;
    return { dataId, shape: [...value.shape], dtype: value.dtype as tf.DataType };
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): DataId {
    const dataId: DataId = {};
    this.move(dataId, values, shape, dtype);
    return dataId;
  }

  override move(dataId: DataId, values: tf.BackendValues, shape: number[], dtype: tf.DataType): void {
    // The copy keeps a later change of the caller's array out of the graph.
    this.#values.set(dataId, this.recorder.constant(typedCopy(values, dtype), dtype as DType, shape));
    this.#count += 1;
  }

  override readSync(dataId: DataId): tf.BackendValues {
    const value = this.#values.get(dataId);
    if (value?.constant !== undefined) return value.constant as tf.BackendValues;
    if (value?.splat !== undefined) {
      const length = value.shape.reduce((a, b) => a * b, 1);
      return value.dtype === 'float32' ? new Float32Array(length).fill(value.splat) : new Int32Array(length).fill(value.splat);
    }
    throw new Error(`The value of '${value?.name ?? 'a tensor'}' is not known while a graph is traced.`);
  }

  override read(dataId: DataId): Promise<tf.BackendValues> {
    return Promise.resolve(this.readSync(dataId));
  }

  override disposeData(dataId: DataId): boolean {
    if (this.#values.delete(dataId)) this.#count -= 1;
    return true;
  }

  override numDataIds(): number {
    return this.#count;
  }

  override refCount(): number {
    return 1;
  }

  override incRef(): void {}
  decRef(): void {}
  override dispose(): void {}
  override floatPrecision(): 16 | 32 {
    return 32;
  }
  override epsilon(): number {
    return 1e-7;
  }
  override timerAvailable(): boolean {
    return false;
  }
}

function typedCopy(values: tf.BackendValues, dtype: tf.DataType): ConstantData {
  const numbers = values as ArrayLike<number>;
  if (dtype === 'float32') return Float32Array.from(numbers);
  if (dtype === 'int32') return Int32Array.from(numbers);
  if (dtype === 'bool') return Uint8Array.from(numbers);
  throw new Error(`The recording backend has no tensors of type '${dtype}'.`);
}

export type { RecordingBackend };

let instance: RecordingBackend | null = null;

/** The one recording backend of this process, registered with tfjs at its first use. */
export function recordingBackend(): RecordingBackend {
  if (!instance) {
    instance = new RecordingBackend();
    tf.registerBackend(backendName, () => instance!);
  }
  return instance;
}

/** What a kernel gets: the recorder, its inputs as values, its attributes. */
export interface KernelContext<A> {
  recorder: Recorder;
  input(name: string): Value;
  optional(name: string): Value | undefined;
  attrs: A;
}

export type Kernel<A> = (context: KernelContext<A>) => Value | Value[];

/** Registers how one tfjs kernel is recorded. */
export function kernel<A = object>(name: string, record: Kernel<A>): void {
  tf.registerKernel({
    kernelName: name,
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const backend = recordingBackend();
      const optional = (key: string): Value | undefined => {
        const tensor = inputs[key] as tf.TensorInfo | undefined | null;
        return tensor ? backend.recorded(tensor) : undefined;
      };
      const made = record({
        recorder: backend.recorder,
        optional,
        input: (key) => {
          const value = optional(key);
          if (!value) throw new Error(`Kernel '${name}' got no input '${key}'.`);
          return value;
        },
        attrs: attrs as A,
      });
      return Array.isArray(made) ? made.map((value) => backend.hold(value)) : backend.hold(made);
    },
  });
}
