// Networks of a checkpoint as ONNX Runtime sessions: traced per shape, weights left in their files.
// Knows nothing of samplers; what a network's numbers mean is the callers' business.
import type * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import { StudioError } from '../contract/errors.ts';
import type { Component } from '../checkpoints/component.ts';
import { openSession, type SessionOptions } from '../graph/session.ts';
import { trace, type TensorSpec } from '../graph/trace.ts';
import type { DType } from '../graph/values.ts';
import type { Weights } from '../networks/layers.ts';

const storedTypes: Readonly<Record<string, DType>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/** Data of one tensor on its way into or out of a session. */
export interface Feed {
  data: Float32Array | Int32Array;
  shape: readonly number[];
}

export type Build<I extends string> = (w: Weights, inputs: Record<I, tf.Tensor>) => Record<string, tf.Tensor>;

/** One traced network. Sessions are opened for each combination of input shapes and kept, the latest few of them. */
export class Network<I extends string = string> {
  readonly #component: Component<unknown>;
  readonly #build: Build<I>;
  readonly #options: SessionOptions;
  readonly #sessions = new Map<string, Promise<ort.InferenceSession>>();
  static readonly #kept = 6;

  constructor(component: Component<unknown>, build: Build<I>, options: SessionOptions) {
    this.#component = component;
    this.#build = build;
    this.#options = options;
  }

  /**
   * Runs the network. All outputs as float32, by the names `build` gave them. Throws StudioError `corrupt-file` when the weights
   * do not make this network; the runtime's own errors pass through.
   */
  async run(feeds: Record<I, Feed>): Promise<Record<string, Float32Array>> {
    const session = await this.#session(feeds);
    const inputs: Record<string, ort.Tensor> = {};
    for (const [name, { data, shape }] of Object.entries<Feed>(feeds)) inputs[name] = new ort.Tensor(data, [...shape]);
    const outputs = await session.run(inputs);
    return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, tensor.data as Float32Array]));
  }

  async close(): Promise<void> {
    const open = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const session of await Promise.allSettled(open)) if (session.status === 'fulfilled') await session.value.release();
  }

  #session(feeds: Record<I, Feed>): Promise<ort.InferenceSession> {
    const key = Object.entries<Feed>(feeds).map(([name, { shape }]) => `${name}:${shape.join('x')}`).join();
    const known = this.#sessions.get(key);
    if (known) {
      this.#sessions.delete(key);
      this.#sessions.set(key, known);
      return known;
    }
    const opened = this.#open(feeds);
    this.#sessions.set(key, opened);
    opened.catch(() => this.#sessions.delete(key));
    const [oldest] = this.#sessions;
    if (oldest && this.#sessions.size > Network.#kept) {
      this.#sessions.delete(oldest[0]);
      void oldest[1].then((session) => session.release(), () => undefined);
    }
    return opened;
  }

  async #open(feeds: Record<I, Feed>): Promise<ort.InferenceSession> {
    const specs = Object.fromEntries(Object.entries<Feed>(feeds).map(([name, { data, shape }]): [string, TensorSpec] =>
      [name, { dtype: data instanceof Float32Array ? 'float32' : 'int32', shape }]));
    const { weights: file, header } = this.#component;
    const graph = this.#traced(() => trace(specs, (inputs, tools) => this.#build((name) => {
      const entry = header.tensors.get(name);
      if (!entry) throw new StudioError('corrupt-file', `${file}: tensor '${name}' is missing.`);
      const dtype = storedTypes[entry.dtype];
      if (!dtype) throw new StudioError('unsupported', `${file}: tensor '${name}' has the number format ${entry.dtype}.`);
      return tools.external(name, dtype, entry.shape, { file, offset: entry.offset, bytes: entry.bytes });
    }, inputs as Record<I, tf.Tensor>)));
    return openSession(graph, this.#options);
  }

  #traced<T>(body: () => T): T {
    try {
      return body();
    } catch (thrown) {
      if (thrown instanceof StudioError) throw thrown;
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      throw new StudioError('corrupt-file', `${this.#component.weights}: the network described by config.json cannot be built from it: ${reason}`, { cause: thrown });
    }
  }
}
