// The vocabulary of a recorded graph: typed values, the nodes that make them, and where their bytes are.
// Knows nothing of tfjs, of ONNX's file format or of any runtime.

export type DType = 'float32' | 'float16' | 'bfloat16' | 'int32' | 'int64' | 'bool';

export type ConstantData = Float32Array | Int32Array | BigInt64Array | Uint8Array;

/** Bytes of a tensor in a file that the graph points into instead of copying. Offsets and lengths in bytes. */
export interface FileSlice {
  file: string;
  offset: number;
  bytes: number;
}

/** One named tensor of a graph. At most one of `constant`, `splat` and `slice` is set; none: a node or the caller makes it. */
export interface Value {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly constant?: ConstantData;
  /** Every element has this value; kept as a scalar so that constants stay small. */
  readonly splat?: number;
  readonly slice?: FileSlice;
}

export type Attribute =
  | { kind: 'int'; value: number }
  | { kind: 'float'; value: number }
  | { kind: 'string'; value: string }
  | { kind: 'ints'; value: readonly number[] };

export interface Node {
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly (Value | null)[];
  readonly outputs: readonly Value[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface Graph {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly inputs: readonly Value[];
  /** Names the caller asks for, and the values behind them. */
  readonly outputs: readonly { name: string; value: Value }[];
}

export const int = (value: number): Attribute => ({ kind: 'int', value });
export const float = (value: number): Attribute => ({ kind: 'float', value });
export const ints = (value: readonly number[]): Attribute => ({ kind: 'ints', value });
export const string = (value: string): Attribute => ({ kind: 'string', value });

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i]);

/** Shape of an element-wise operation on two operands, after NumPy's rules. Throws when they do not fit. */
export function broadcastShapes(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const m = a[a.length - rank + i] ?? 1;
    const n = b[b.length - rank + i] ?? 1;
    if (m !== n && m !== 1 && n !== 1) throw new Error(`Shapes [${a}] and [${b}] cannot be broadcast together.`);
    return m === 1 ? n : m;
  });
}
