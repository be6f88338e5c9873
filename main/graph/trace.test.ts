// What a traced graph is: which operations it refuses, what it shares, how large it gets, where its weights are.
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readHeader, writeSafetensors } from '../checkpoints/safetensors.ts';
import type { TransformerConfig } from '../networks/configs.ts';
import { mmdit } from '../networks/mmdit.ts';
import { mmditParameters } from '../training/networks.ts';
import { encodeModel } from './model.ts';
import { openSession } from './session.ts';
import { floats, runGraph } from './testing.ts';
import { recordingMode, trace, type TensorSpec } from './trace.ts';
import type { DType } from './values.ts';

const float = (...shape: number[]): TensorSpec => ({ dtype: 'float32', shape });
const here = { locate: (file: string) => file };

describe('what cannot be recorded', () => {
  test('an unknown kernel is named', () => {
    expect(() => trace({ x: float(1, 2, 2, 3) }, ({ x }) => ({ y: tf.image.resizeBilinear(x as tf.Tensor4D, [4, 4]) }))).toThrow(/ResizeBilinear/);
    expect(() => trace({ x: float(4) }, ({ x }) => ({ y: tf.cumsum(x) }))).toThrow(/Cumsum/);
  });

  test('so is a form of a kernel that has no graph', () => {
    const image = { x: float(1, 3, 3, 1), w: float(3, 3, 1, 1) };
    expect(() => trace(image, ({ x, w }) => ({ y: tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same', 'NHWC', 2) }))).toThrow(/Conv2D.*dilation/);
    expect(() => trace({ x: float(1, 3, 3, 1), w: float(1, 3, 1, 1) }, ({ x, w }) => ({ y: tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 1) }))).toThrow(/Conv2D.*square/);
    expect(() => trace({ x: float(1, 3, 3, 1) }, ({ x }) => ({ y: tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [4, 6]) }))).toThrow(/whole factors/);
    expect(() => trace({ x: float(1, 3, 3, 1) }, ({ x }) => ({ y: tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [9, 9], true) }))).toThrow(/aligned corners/);
    expect(() => trace({ x: float(2, 3), i: { dtype: 'int32', shape: [2, 1] } }, ({ x, i }) => ({ y: tf.gather(x, i as tf.Tensor1D, 1, 1) }))).toThrow(/GatherV2/);
  });

  test('asking a traced tensor for its numbers', () => {
    expect(() => trace({ x: float(2) }, ({ x }) => ({ y: tf.scalar(x.dataSync()[0]!) }))).toThrow(/not known while a graph is traced/);
  });

  test('a trace within a trace', () => {
    expect(() => trace({}, () => ({ y: (trace({}, () => ({ z: tf.scalar(1) })), tf.scalar(1)) }))).toThrow(/nested/);
  });

  test('a failed trace leaves tfjs as it was', async () => {
    await tf.setBackend('cpu');
    expect(() => trace({ x: float(4) }, ({ x }) => ({ y: tf.cumsum(x) }))).toThrow();
    expect(tf.getBackend()).toBe('cpu');
    expect(recordingMode()).toBeNull();
    expect(tf.add(1, 2).dataSync()[0]).toBe(3);
  });
});

describe('many parts', () => {
  test('are cut in rounds: WebGPU promises a shader eight buffers', () => {
    const graph = trace({ x: float(1, 90) }, ({ x }) => Object.fromEntries(tf.split(x as tf.Tensor2D, 90, 1).map((part, i) => [`y${i}`, part])));
    const outputs = graph.nodes.filter(({ op }) => op === 'Split').map((node) => node.outputs.length);
    expect(outputs.length).toBeGreaterThan(1);
    expect(Math.max(...outputs)).toBeLessThanOrEqual(7);
  });
});

describe('constants', () => {
  const table = Float32Array.from({ length: 5000 }, (_, i) => i);
  const size = (uses: number): number => encodeModel(trace({ x: float(5000) }, ({ x }) => {
    let y = x!;
    for (let i = 0; i < uses; i++) y = y.mul(tf.tensor1d(table)).tanh();
    return { y };
  }), here).length;

  test('the same numbers are stored once, however often they are made', () => {
    expect(size(1)).toBeGreaterThan(20_000);
    expect(size(20) - size(1)).toBeLessThan(4_000);
  });

  test('one number repeated is stored as one number', () => {
    const model = (y: (x: tf.Tensor) => tf.Tensor) => encodeModel(trace({ x: float(100, 100) }, ({ x }) => ({ y: y(x!) })), here).length;
    expect(model((x) => x.mul(tf.fill([100, 100], 3)).add(tf.ones([100, 100])).sub(tf.tensor2d(new Float32Array(10_000).fill(7), [100, 100])))).toBeLessThan(2_000);
    expect(model((x) => tf.concat([x, tf.zeros([100, 100])]))).toBeLessThan(2_000);
  });

  test('equal bytes of other types and shapes stay apart', async () => {
    const graph = trace({ x: float(2) }, ({ x }) => ({
      floats: x!.mul(tf.tensor1d([0, 1])), whole: tf.cast(x!, 'int32').mul(tf.tensor1d([0, 1065353216], 'int32')), column: x!.mul(tf.tensor2d([0, 1], [2, 1])),
    }));
    const out = await runGraph(graph, { x: { dtype: 'float32', shape: [2], data: Float32Array.of(2, 3) } });
    expect(Object.fromEntries([...out].map(([name, { data }]) => [name, Array.from(data)]))).toEqual({ floats: [0, 3], whole: [0, Math.imul(3, 1065353216)], column: [0, 0, 2, 3] });
  });

  test('a later change of the array does not reach the graph', async () => {
    const numbers = Float32Array.of(1, 2);
    const graph = trace({ x: float(2) }, ({ x }) => ({ y: x!.add(tf.tensor1d(numbers)) }));
    numbers.fill(9);
    const out = await runGraph(graph, { x: { dtype: 'float32', shape: [2], data: Float32Array.of(0, 0) } });
    expect(Array.from(out.get('y')!.data)).toEqual([1, 2]);
  });
});

test('outputs may be inputs, constants, and one tensor under two names', async () => {
  const graph = trace({ x: float(2) }, ({ x }) => {
    const y = x!.neg();
    return { same: x!, y, again: y, constant: tf.tensor1d([4, 5]), filled: tf.fill([3], 2) };
  });
  const out = await runGraph(graph, { x: { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) } });
  expect(Object.fromEntries([...out].map(([name, { data }]) => [name, Array.from(data)]))).toEqual({ same: [1, 2], y: [-1, -2], again: [-1, -2], constant: [4, 5], filled: [2, 2, 2] });
});

test('the graph of a training step of a DiT-size network is below 10 MB without its weights', () => {
  const config: TransformerConfig = {
    num_layers: 8, num_attention_heads: 8, attention_head_dim: 32, patch_size: 2, in_channels: 16, out_channels: 16, joint_attention_dim: 256,
    pooled_projection_dim: 256, pos_embed_max_size: 16, qk_norm: 'rms_norm', dual_attention_layers: [], txt_align_guidance: false, guidance: false, linear_guidance: false, fusion_scale: 1, guidance_multiplier: 1000,
  };
  const parameters = mmditParameters(config);
  const inputs: Record<string, TensorSpec> = { latents: float(16, 16, 16, 16), target: float(16, 16, 16, 16), timestep: float(16), tokens: float(16, 16, 256), pooled: float(16, 256) };
  for (const { name, shape } of parameters) inputs[name] = float(...shape);
  const graph = trace(inputs, (tensors) => {
    const learning = parameters.filter(({ trainable }) => trainable);
    const loss = (...values: tf.Tensor[]): tf.Scalar => {
      const moving = new Map(learning.map(({ name }, i) => [name, values[i]!]));
      const velocity = mmdit(config, (name) => moving.get(name) ?? tensors[name]!, {
        latents: tensors['latents']!, timestep: tensors['timestep']!, tokens: tensors['tokens']!, pooled: tensors['pooled']!,
      });
      return velocity.sub(tensors['target']!).square().mean();
    };
    const { value, grads } = tf.valueAndGrads(loss)(learning.map(({ name }) => tensors[name]!));
    return { loss: value, ...Object.fromEntries(grads.map((gradient, i) => [`gradient/${learning[i]!.name}`, gradient])) };
  }, { mode: 'training' });
  const bytes = encodeModel(graph, here).length;
  console.log(`training step of ${parameters.length} parameter tensors: ${graph.nodes.length} nodes, ${(bytes / 1e6).toFixed(2)} MB`);
  expect(bytes).toBeLessThan(10e6);
});

describe('weights in files', () => {
  let folder: string;
  const start = process.cwd();
  beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), 'weights-'))));
  afterEach(async () => {
    process.chdir(start);
    await rm(folder, { recursive: true });
  });

  const single = floats([3, 5], 1);
  const half = Float32Array.from(new Float16Array(floats([4, 7], 2).data as Float32Array));
  // An odd number of half-precision numbers, so that those after it are at an odd offset.
  const odd = Float32Array.from(new Float16Array(floats([3], 3).data as Float32Array));
  const stored: Record<string, DType> = { F32: 'float32', F16: 'float16' };

  async function checkpoint(file: string): Promise<void> {
    await writeSafetensors(file, [
      { name: 'single', dtype: 'F32', shape: [3, 5], data: single.data as Float32Array },
      { name: 'a_half', dtype: 'F16', shape: [3], data: odd },
      { name: 'half', dtype: 'F16', shape: [4, 7], data: half },
    ]);
  }

  /** All tensors of a file, each plus zero, by way of the runtime. */
  async function readBack(file: string): Promise<Map<string, number[]>> {
    const { tensors } = await readHeader(file);
    const graph = trace({ zero: float() }, ({ zero }, { external }) => Object.fromEntries([...tensors].map(([name, entry]) => {
      const slice = { file, offset: entry.offset, bytes: entry.bytes };
      // Asked for twice: one initialiser.
      return [`read ${name}`, external(name, stored[entry.dtype]!, entry.shape, slice).add(external(name, stored[entry.dtype]!, entry.shape, slice).mul(zero!)).add(zero!)];
    })));
    const out = await runGraph(graph, { zero: { dtype: 'float32', shape: [], data: Float32Array.of(0) } });
    return new Map([...out].map(([name, { data }]) => [name.slice('read '.length), Array.from(data)]));
  }

  const expected = new Map([['single', Array.from(single.data)], ['a_half', Array.from(odd)], ['half', Array.from(half)]]);

  test('float32 and half precision, from the folder itself', async () => {
    process.chdir(folder);
    await checkpoint(path.join(folder, 'model.safetensors'));
    expect(await readBack(path.join(folder, 'model.safetensors'))).toEqual(expected);
  });

  test('from the root of the volume, as the engine works', async () => {
    await checkpoint(path.join(folder, 'model.safetensors'));
    process.chdir(path.parse(folder).root);
    expect(await readBack(path.join(folder, 'model.safetensors'))).toEqual(expected);
  });

  test('from a folder beside it', async () => {
    await mkdir(path.join(folder, 'elsewhere'));
    await mkdir(path.join(folder, 'models'));
    await checkpoint(path.join(folder, 'models/model.safetensors'));
    process.chdir(path.join(folder, 'elsewhere'));
    await expect(readBack(path.join(folder, 'models/model.safetensors'))).resolves.toEqual(expected);
  });

  test('through a link that leaves the folder, as model caches have them', async () => {
    await mkdir(path.join(folder, 'blobs'));
    await mkdir(path.join(folder, 'snapshot'));
    await checkpoint(path.join(folder, 'blobs/0a1b2c'));
    await symlink('../blobs/0a1b2c', path.join(folder, 'snapshot/model.safetensors'));
    process.chdir(path.parse(folder).root);
    expect(await readBack(path.join(folder, 'snapshot/model.safetensors'))).toEqual(expected);
  });

  test('tensors of a few bytes where the optimiser looks at them', async () => {
    const file = path.join(folder, 'small.safetensors');
    await writeSafetensors(file, [{ name: 'bias', dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }, { name: 'scale', dtype: 'F32', shape: [1], data: Float32Array.of(3) }]);
    const { tensors } = await readHeader(file);
    const graph = trace({ x: float(1, 3), w: float(2, 3) }, ({ x, w }, { external }) => {
      const small = (name: string): tf.Tensor => external(name, 'float32', tensors.get(name)!.shape, { file, offset: tensors.get(name)!.offset, bytes: tensors.get(name)!.bytes });
      return { y: tf.matMul(x!, w!, false, true).add(small('bias')).mul(small('scale')) };
    });
    const ones = (...shape: number[]) => ({ dtype: 'float32' as const, shape, data: new Float32Array(shape[0]! * shape[1]!).fill(1) });
    const out = await runGraph(graph, { x: ones(1, 3), w: ones(2, 3) });
    expect(Array.from(out.get('y')!.data)).toEqual([12, 15]);
  });

  test('a brain-float file', async () => {
    const file = path.join(folder, 'brain.bin');
    await writeFile(file, new Uint8Array(Uint16Array.of(0x3f80, 0xc000, 0x3eab).buffer));
    process.chdir(path.parse(folder).root);
    const graph = trace({ one: float() }, ({ one }, { external }) => ({ y: external('w', 'bfloat16', [3], { file, offset: 0, bytes: 6 }).mul(one!) }));
    const out = await runGraph(graph, { one: { dtype: 'float32', shape: [], data: Float32Array.of(1) } });
    expect(Array.from(out.get('y')!.data)).toEqual([1, -2, 0.333984375]);
  });

  test('a file that ends too early is refused', async () => {
    await writeFile(path.join(folder, 'short.bin'), new Uint8Array(8));
    process.chdir(folder);
    const graph = trace({ x: float(4) }, ({ x }, { external }) => ({ y: external('w', 'float32', [4], { file: path.join(folder, 'short.bin'), offset: 0, bytes: 16 }).add(x!) }));
    await expect(openSession(graph, { threads: 1 })).rejects.toThrow();
  });

  test('the model itself holds none of them', async () => {
    const file = path.join(folder, 'model.safetensors');
    await writeSafetensors(file, [{ name: 'w', dtype: 'F32', shape: [100_000], data: floats([100_000], 4).data as Float32Array }]);
    const { tensors } = await readHeader(file);
    const { offset, bytes } = tensors.get('w')!;
    const graph = trace({ x: float(100_000) }, ({ x }, { external }) => ({ y: external('w', 'float32', [100_000], { file, offset, bytes }).add(x!) }));
    expect(encodeModel(graph, here).length).toBeLessThan(1_000);
  });
});

test('a session says what it was made from', async () => {
  const session = await openSession(trace({ x: float(2, 3) }, ({ x }) => ({ y: x!.sum(0) }), { name: 'sums' }), { threads: 1 });
  expect(session.inputNames).toEqual(['x']);
  expect(session.outputNames).toEqual(['y']);
  await expect(session.run({ x: new ort.Tensor('float32', new Float32Array(4), [2, 2]) })).rejects.toThrow(/x/);
  await session.release();
});
