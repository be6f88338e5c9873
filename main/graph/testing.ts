// For tests: the same function over tensors computed twice, by tfjs's CPU backend and as a recorded graph run by ONNX
// Runtime, and compared in value and in gradient.
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import type { TraceMode } from './recorder.ts';
import { openSession } from './session.ts';
import { trace, type TensorSpec } from './trace.ts';
import { sizeOf, type Graph } from './values.ts';

export interface Operand extends TensorSpec {
  data: Float32Array | Int32Array | Uint8Array;
}

export interface Trial {
  operands: readonly Operand[];
  run(...tensors: tf.Tensor[]): tf.Tensor | tf.Tensor[];
  /** What tfjs computes instead where its CPU backend lacks the kernel; left out: `run` itself. */
  reference?: Trial['run'];
  /** Whether to compare the gradients of the float32 operands too. Default: when every result is float32. */
  differentiable?: boolean;
}

/** Reproducible numbers in [0, 1) (a linear congruential generator; tests need no better). */
function numbers(seed: number): () => number {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

/** Random numbers between `low` and `high`. */
export function floats(shape: readonly number[], seed: number, low = -2, high = 2): Operand {
  const next = numbers(seed);
  return { dtype: 'float32', shape, data: Float32Array.from({ length: sizeOf(shape) }, () => low + (high - low) * next()) };
}

/** Random whole numbers from `low` up to but not including `high`. */
export function integers(shape: readonly number[], seed: number, low: number, high: number): Operand {
  const next = numbers(seed);
  return { dtype: 'int32', shape, data: Int32Array.from({ length: sizeOf(shape) }, () => low + Math.floor((high - low) * next())) };
}

export function booleans(shape: readonly number[], seed: number): Operand {
  const next = numbers(seed);
  return { dtype: 'bool', shape, data: Uint8Array.from({ length: sizeOf(shape) }, () => (next() < 0.5 ? 0 : 1)) };
}

type Results = Map<string, { shape: readonly number[]; dtype: string; data: ArrayLike<number> }>;

const listed = (result: tf.Tensor | tf.Tensor[]): tf.Tensor[] => (Array.isArray(result) ? result : [result]);

/**
 * Values and gradients under names. The gradients are those of Σ weightᵢ·resultᵢ with a fixed random weight for each
 * element, so that no error hides behind a symmetry.
 */
function evaluate(trial: Trial, run: Trial['run'], tensors: tf.Tensor[]): Record<string, tf.Tensor> {
  const values = listed(run(...tensors));
  const out = Object.fromEntries(values.map((value, i): [string, tf.Tensor] => [`value ${i}`, value]));
  const isFloat = values.every(({ dtype }) => dtype === 'float32');
  const learning = tensors.flatMap((tensor, i) => (tensor.dtype === 'float32' ? [i] : []));
  if (!(trial.differentiable ?? isFloat) || learning.length === 0) return out;
  const loss = (...moving: tf.Tensor[]): tf.Tensor => {
    const all = tensors.map((tensor, i) => (learning.includes(i) ? moving[learning.indexOf(i)]! : tensor));
    const parts = listed(run(...all)).map((value, i) => value.mul(tf.tensor(floats(value.shape, 77 + i).data, value.shape)).sum());
    return parts.length === 1 ? parts[0]! : tf.addN(parts);
  };
  tf.grads(loss)(learning.map((i) => tensors[i]!)).forEach((gradient, k) => (out[`gradient ${learning[k]!}`] = gradient));
  return out;
}

async function onCpu(trial: Trial): Promise<Results> {
  await tf.setBackend('cpu');
  const engine = tf.engine();
  engine.startScope();
  try {
    const tensors = trial.operands.map(({ data, shape, dtype }) => tf.tensor(data, [...shape], dtype));
    const out = evaluate(trial, trial.reference ?? trial.run, tensors);
    return new Map(Object.entries(out).map(([name, tensor]) => [name, { shape: tensor.shape, dtype: tensor.dtype, data: tensor.dataSync() }]));
  } finally {
    engine.endScope();
  }
}

/** The graph of a trial; its inputs are called `operand 0`, `operand 1`, … */
export function traceTrial(trial: Trial, mode: TraceMode): Graph {
  const specs = Object.fromEntries(trial.operands.map(({ dtype, shape }, i): [string, TensorSpec] => [`operand ${i}`, { dtype, shape }]));
  return trace(specs, (tensors) => evaluate(mode === 'inference' ? { ...trial, differentiable: false } : trial, trial.run, Object.values(tensors)), { mode });
}

/** Runs a graph once on the CPU with one thread. */
export async function runGraph(graph: Graph, operands: Readonly<Record<string, Operand>>): Promise<Results> {
  const session = await openSession(graph, { threads: 1 });
  try {
    const feeds = Object.fromEntries(Object.entries(operands).map(([name, { dtype, data, shape }]) => [name, new ort.Tensor(dtype, data as never, [...shape])]));
    const out = await session.run(feeds);
    return new Map(Object.entries(out).map(([name, tensor]) => [name, { shape: tensor.dims, dtype: tensor.type, data: tensor.data as unknown as ArrayLike<number> }]));
  } finally {
    await session.release();
  }
}

/** Largest difference as a share of the reference's largest magnitude; not finite where one side is. */
export function relativeError(actual: ArrayLike<number>, reference: ArrayLike<number>): number {
  if (actual.length !== reference.length) return Infinity;
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < reference.length; i++) {
    const delta = Math.abs(Number(actual[i]) - Number(reference[i]));
    if (Number.isNaN(delta)) return NaN;
    difference = Math.max(difference, delta);
    largest = Math.max(largest, Math.abs(Number(reference[i])));
  }
  return difference === 0 ? 0 : difference / largest;
}

/**
 * Compares a trial's values, and in `training` mode its gradients, and returns the largest relative error. Throws an Error that
 * says where when shapes or types differ or the error is above `tolerance`; whole numbers must be equal.
 */
export async function compareTrial(trial: Trial, mode: TraceMode = 'training', tolerance = 1e-5): Promise<number> {
  const expected = await onCpu(trial);
  const graph = traceTrial(trial, mode);
  const actual = await runGraph(graph, Object.fromEntries(trial.operands.map((operand, i) => [`operand ${i}`, operand])));
  let worst = 0;
  for (const [name, wanted] of expected) {
    const got = actual.get(name);
    if (!got) {
      if (mode === 'inference') continue;
      throw new Error(`The graph has no ${name}.`);
    }
    if (got.shape.join() !== wanted.shape.join()) throw new Error(`${name} is [${got.shape}], on the CPU backend [${wanted.shape}].`);
    if (got.dtype !== wanted.dtype) throw new Error(`${name} is ${got.dtype}, on the CPU backend ${wanted.dtype}.`);
    const error = relativeError(got.data, wanted.data);
    if (!(error <= (wanted.dtype === 'float32' ? tolerance : 0))) {
      throw new Error(`${name} is off by ${error.toExponential(2)}: ${Array.from(got.data).slice(0, 8)} instead of ${Array.from(wanted.data).slice(0, 8)}.`);
    }
    worst = Math.max(worst, error);
  }
  return worst;
}
