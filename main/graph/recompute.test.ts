// What is computed again is the same, is computed again indeed after the runtime's optimiser, and waits for its gradient.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import { expect, it, onTestFinished } from 'vitest';
import { encodeModel } from './model.ts';
import { ModelProtoSchema } from './onnx_pb.ts';
import { floats, relativeError, runGraph } from './testing.ts';
import { recomputable, trace } from './trace.ts';
import type { Graph, Value } from './values.ts';

const [rows, width, blocks] = [6, 4, 3];
const data = Object.fromEntries([
  ['x', floats([rows, width], 1)], ['y', floats([rows, 2], 2)],
  ...Array.from({ length: blocks }, (_, i) => [`w${i}`, floats([width, width], 10 + i, -1, 1)]),
]) as Record<string, ReturnType<typeof floats>>;

type Part = (x: tf.Tensor, y: tf.Tensor, w: tf.Tensor) => [tf.Tensor, tf.Tensor];

/** Two streams that mix; one of its results is only a new shape of what it made. */
const mixing: Part = (x, y, w) => {
  const hidden = tf.tanh(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D));
  const next = x.add(tf.matMul(tf.exp(hidden.mul(0.3)) as tf.Tensor2D, w as tf.Tensor2D, false, true));
  return [next, y.mul(hidden.slice([0, 0], [rows, 2])).reshape([2, rows]).reshape([rows, 2])];
};

function gradients(part: Part, recompute: boolean): Graph {
  return trace(data, (t) => {
    const loss = (...weights: tf.Tensor[]): tf.Scalar => {
      let [x, y] = [t['x']!, t['y']!];
      for (const weight of weights) {
        const before: [tf.Tensor, tf.Tensor] = [x, y];
        [x, y] = recomputable([x, y], () => part(...before, weight)) as [tf.Tensor, tf.Tensor];
      }
      return x.square().mean().add(y.square().mean()) as tf.Scalar;
    };
    const { value, grads } = tf.valueAndGrads(loss)(Array.from({ length: blocks }, (_, i) => t[`w${i}`]!));
    return { loss: value, ...Object.fromEntries(grads.map((gradient, i) => [`gradient ${i}`, gradient])) };
  }, { mode: 'training', recompute });
}

const count = (graph: Graph, op: string): number => graph.nodes.filter((node) => node.op === op).length;

it('has the same loss and gradients', async () => {
  const [plain, again] = [await runGraph(gradients(mixing, false), data), await runGraph(gradients(mixing, true), data)];
  expect([...again.keys()]).toEqual([...plain.keys()]);
  for (const [name, { data: expected }] of plain) expect(relativeError(again.get(name)!.data, expected), name).toBeLessThanOrEqual(1e-6);
});

it('computes the inside of each part a second time, also after the runtime has looked for what it may share', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'recompute-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const optimised = async (graph: Graph): Promise<Record<string, number>> => {
    const file = path.join(folder, 'optimised.onnx');
    const session = await ort.InferenceSession.create(encodeModel(graph, { locate: () => '' }), { graphOptimizationLevel: 'all', optimizedModelFilePath: file, logSeverityLevel: 4 });
    await session.release();
    const { graph: kept } = fromBinary(ModelProtoSchema, await readFile(file));
    return Object.fromEntries(['Tanh', 'Exp'].map((op) => [op, kept!.node.filter(({ opType }) => opType === op).length]));
  };
  const [plain, again] = [gradients(mixing, false), gradients(mixing, true)];
  expect([count(plain, 'Tanh'), count(again, 'Tanh')]).toEqual([blocks, 2 * blocks]);
  expect(await optimised(plain)).toEqual({ Tanh: blocks, Exp: blocks });
  expect(await optimised(again)).toEqual({ Tanh: 2 * blocks, Exp: 2 * blocks });
});

it('lets the gradient read nothing that a part made on its way, and no copy begin before its gradient is there', () => {
  const { nodes, outputs } = gradients(mixing, true);
  const producer = new Map(nodes.flatMap((node, at) => node.outputs.map((value): [Value, number] => [value, at])));
  const tanhs = nodes.flatMap(({ op }, at) => (op === 'Tanh' ? [at] : []));
  const lastOriginal = tanhs[blocks - 1]!;
  const loss = producer.get(outputs.find(({ name }) => name === 'loss')!.value)!;
  expect(loss).toBeGreaterThan(lastOriginal);
  // Everything of the forward pass that is read after the loss: results of parts, weights, inputs.
  const read = new Set(nodes.slice(loss + 1).flatMap(({ inputs }) => inputs.filter((value) => value !== null && (producer.get(value) ?? Infinity) <= loss)));
  expect([...read].filter((value) => ['Tanh', 'Exp'].includes(nodes[producer.get(value!)!]!.op))).toEqual([]);
  const dependsOn = (at: number, wanted: number, seen = new Set<number>()): boolean => at === wanted || (!seen.has(at) && (seen.add(at), nodes[at]!.inputs.some((value) => {
    const next = value === null ? undefined : producer.get(value);
    return next !== undefined && next >= wanted && dependsOn(next, wanted, seen);
  })));
  // The copy of a part waits for that of the part after it.
  for (let i = blocks; i < 2 * blocks - 1; i++) expect(dependsOn(tanhs[i + 1]!, tanhs[i]!)).toBe(true);
  expect(dependsOn(tanhs[blocks]!, lastOriginal)).toBe(true);
});

it('leaves a part alone that no gradient comes through, and one whose gradient reads nothing of it', async () => {
  const linear: Part = (x, y, w) => [x.add(w.sum()), y];
  const [plain, again] = [gradients(linear, false), gradients(linear, true)];
  expect(again.nodes.length).toBe(plain.nodes.length);
  const forward = trace(data, ({ x, y, w0 }) => ({ x: recomputable([x!, y!], () => mixing(x!, y!, w0!))[0]! }), { mode: 'training', recompute: true });
  expect(count(forward, 'Tanh')).toBe(1);
});
