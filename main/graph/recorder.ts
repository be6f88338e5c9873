// Collects the nodes of one graph while a function is traced. Shares constants and drops operations that do
// nothing (a reshape of a reshape, a transpose undone, a product with one). Knows nothing of tfjs.
import { createHash } from 'node:crypto';
import { withRecomputation, type Segment } from './recompute.ts';
import {
  sameShape, type Attribute, type ConstantData, type DType, type FileSlice, type Graph, type Node, type Value,
} from './values.ts';

const toHex = (data: ConstantData): string =>
  createHash('sha256').update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)).digest('hex');

interface NodeOptions {
  attributes?: Record<string, Attribute>;
  domain?: string;
}

/** `inference` may use fused operators that have no gradient; `training` decomposes them. */
export type TraceMode = 'inference' | 'training';

export interface RecorderOptions {
  /** Whether segments are computed again for their gradients. Default false. */
  recompute?: boolean | undefined;
  /** Whether normalisations give back what they divided by. Default true. */
  statistics?: boolean | undefined;
}

export class Recorder {
  readonly mode: TraceMode;
  readonly recompute: boolean;
  readonly statistics: boolean;
  readonly #nodes: Node[] = [];
  readonly #segments: Segment[] = [];
  readonly #inputs: Value[] = [];
  readonly #constants = new Map<string, Value>();
  readonly #slices = new Map<string, Value>();
  readonly #producers = new Map<Value, Node>();
  #count = 0;

  constructor(mode: TraceMode, { recompute = false, statistics = true }: RecorderOptions = {}) {
    this.mode = mode;
    this.recompute = recompute;
    this.statistics = statistics;
  }

  input(name: string, dtype: DType, shape: readonly number[]): Value {
    const value: Value = { name, dtype, shape };
    this.#inputs.push(value);
    return value;
  }

  /** A tensor that stays in its file. Half-precision files are widened to float32 in the graph. */
  external(name: string, dtype: DType, shape: readonly number[], slice: FileSlice): Value {
    const key = `${slice.file}\0${slice.offset}\0${dtype}\0${shape.join()}`;
    const known = this.#slices.get(key);
    if (known) return known;
    const stored: Value = { name, dtype, shape, slice };
    const value = dtype === 'float16' || dtype === 'bfloat16' ? this.cast(stored, 'float32') : stored;
    this.#slices.set(key, value);
    return value;
  }

  constant(data: ConstantData, dtype: DType, shape: readonly number[]): Value {
    const first = data[0];
    if (data.length > 1 && typeof first === 'number' && data.every((x) => x === first)) return this.splat(first, dtype, shape);
    const key = `${dtype}\0${shape.join()}\0${toHex(data)}`;
    const known = this.#constants.get(key);
    if (known) return known;
    const value: Value = { name: this.#fresh('const'), dtype, shape, constant: data };
    this.#constants.set(key, value);
    return value;
  }

  int64(numbers: readonly number[]): Value {
    return this.constant(BigInt64Array.from(numbers, BigInt), 'int64', [numbers.length]);
  }

  /** A tensor of one repeated value. It becomes a scalar wherever broadcasting allows, else one `Expand`. */
  splat(value: number, dtype: DType, shape: readonly number[]): Value {
    const key = `splat\0${dtype}\0${shape.join()}\0${Object.is(value, -0) ? '-0' : value}`;
    const known = this.#constants.get(key);
    if (known) return known;
    const splat: Value = { name: this.#fresh('splat'), dtype, shape, splat: value };
    this.#constants.set(key, splat);
    return splat;
  }

  node(op: string, inputs: readonly (Value | null)[], dtype: DType, shape: readonly number[], options: NodeOptions = {}): Value {
    return this.nodes(op, inputs, [{ dtype, shape }], options)[0]!;
  }

  nodes(op: string, inputs: readonly (Value | null)[], outputs: readonly { dtype: DType; shape: readonly number[] }[], options: NodeOptions = {}): Value[] {
    const made: Value[] = outputs.map(({ dtype, shape }) => ({ name: this.#fresh(op), dtype, shape }));
    const node: Node = {
      op,
      domain: options.domain ?? '',
      inputs: inputs.map((value) => (value === null ? null : this.#solid(value))),
      outputs: made,
      attributes: options.attributes ?? {},
    };
    this.#nodes.push(node);
    for (const value of made) this.#producers.set(value, node);
    return made;
  }

  /** An element-wise operation: splats enter as scalars, the output shape is the caller's. */
  elementwise(op: string, inputs: readonly Value[], dtype: DType, shape: readonly number[], options: NodeOptions = {}): Value {
    const dense = inputs.some((value) => value.splat === undefined && sameShape(value.shape, shape));
    const operands = inputs.map((value) => (dense && value.splat !== undefined ? this.#scalar(value) : value));
    return this.node(op, operands, dtype, shape, options);
  }

  cast(x: Value, dtype: DType): Value {
    if (x.dtype === dtype) return x;
    return this.node('Cast', [x], dtype, x.shape, { attributes: { to: { kind: 'int', value: onnxType[dtype] } } });
  }

  reshape(x: Value, shape: readonly number[]): Value {
    if (sameShape(x.shape, shape)) return x;
    if (x.splat !== undefined) return this.splat(x.splat, x.dtype, shape);
    if (x.constant !== undefined) return this.constant(x.constant, x.dtype, shape);
    const producer = this.#producers.get(x);
    if (producer?.op === 'Reshape') return this.reshape(producer.inputs[0]!, shape);
    return this.node('Reshape', [x, this.int64(shape)], x.dtype, shape);
  }

  transpose(x: Value, perm: readonly number[]): Value {
    if (perm.every((axis, i) => axis === i)) return x;
    const shape = perm.map((axis) => x.shape[axis]!);
    if (x.splat !== undefined) return this.splat(x.splat, x.dtype, shape);
    const producer = this.#producers.get(x);
    const inner = producer?.op === 'Transpose' ? producer.attributes['perm'] : undefined;
    if (producer && inner?.kind === 'ints') return this.transpose(producer.inputs[0]!, perm.map((axis) => inner.value[axis]!));
    // Moving axes of length one changes no byte.
    const moved = perm.filter((axis) => x.shape[axis] !== 1);
    if (moved.every((axis, i) => i === 0 || axis > moved[i - 1]!)) return this.reshape(x, shape);
    return this.node('Transpose', [x], x.dtype, shape, { attributes: { perm: { kind: 'ints', value: perm } } });
  }

  /** The node that makes `value`; undefined for inputs and constants. */
  producer(value: Value): Node | undefined {
    return this.#producers.get(value);
  }

  /** Records `body` as a part whose inside may be computed again; say with `arrived` when a gradient of its results is known. */
  segment<T>(inputs: readonly Value[], body: () => T): { made: T; segment: Segment } {
    const first = this.#nodes.length;
    const made = body();
    const segment: Segment = { inputs, first, end: this.#nodes.length, gradients: [], turn: 0 };
    this.#segments.push(segment);
    return { made, segment };
  }

  arrived(segment: Segment, gradient: Value): void {
    // A constant is known before everything else: nothing can wait for it.
    if (isConstant(gradient)) return;
    segment.gradients.push(gradient);
    segment.turn = this.#nodes.length;
  }

  /** The graph that makes `outputs`; nodes that none of them needs are left out. */
  finish(name: string, outputs: Record<string, Value>): Graph {
    const wanted = Object.entries(outputs).map(([key, value]) => ({ name: key, value: this.#solid(value) }));
    const needed = new Set<Value>(wanted.map(({ value }) => value));
    const nodes: Node[] = [];
    for (const node of withRecomputation(this.#nodes, this.#segments).toReversed()) {
      if (!node.outputs.some((value) => needed.has(value))) continue;
      nodes.push(node);
      for (const value of node.inputs) if (value) needed.add(value);
    }
    return { name, nodes: nodes.reverse(), inputs: this.#inputs, outputs: wanted };
  }

  #fresh(prefix: string): string {
    this.#count += 1;
    return `${prefix}_${this.#count}`;
  }

  #scalar(splat: Value): Value {
    const value = splat.splat!;
    const data = splat.dtype === 'float32' ? Float32Array.of(value) : splat.dtype === 'int32' ? Int32Array.of(value)
      : splat.dtype === 'bool' ? Uint8Array.of(value) : BigInt64Array.of(BigInt(value));
    return this.constant(data, splat.dtype, []);
  }

  #solid(value: Value): Value {
    if (value.splat === undefined) return value;
    const scalar = this.#scalar(value);
    if (value.shape.length === 0) return scalar;
    const key = `expanded\0${value.name}`;
    const known = this.#constants.get(key);
    if (known) return known;
    const expanded = this.node('Expand', [scalar, this.int64(value.shape)], value.dtype, value.shape);
    this.#constants.set(key, expanded);
    return expanded;
  }
}

/** Numbers of ONNX's `TensorProto.DataType`. */
export const onnxType: Readonly<Record<DType, number>> = { float32: 1, int32: 6, int64: 7, bool: 9, float16: 10, bfloat16: 16 };

export const isConstant = (value: Value): boolean => value.constant !== undefined || value.splat !== undefined;

