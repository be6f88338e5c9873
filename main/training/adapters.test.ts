// Adapters as a network sees them: which matrices they are for, that merged and unmerged are the same network, and that a pair as wide as its
// matrix learns what the whole matrix learns.
import path from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import { afterEach, describe, expect, test } from 'vitest';
import { openComponent } from '../checkpoints/component.ts';
import { TransformerConfig } from '../checkpoints/configs.ts';
import { readTensors } from '../checkpoints/safetensors.ts';
import { openSession } from '../graph/session.ts';
import { trace, type TensorSpec } from '../graph/trace.ts';
import { adaptersOf, pairNames } from './adapters.ts';
import { studentInputs } from './distillation-batches.ts';
import { startingStudent, studentConfig, type Beginning } from './distillation-start.ts';
import { studentTensors } from './distillation-student.ts';
import { studentLoss } from './distillation.ts';
import { distillationLoss, type StudentInput } from './objectives.ts';
import { TrainingRandom } from './random.ts';
import { Trainer } from './trainer.ts';

const golden = path.join(import.meta.dirname, '../../tests/fixtures/goldens/transformer-sd3');
const component = await openComponent(golden, TransformerConfig);
const tensors = await readTensors(component.weights);
const config = studentConfig(component.config, { kind: 'teefusion', guidanceEmbedding: null, guidanceMultiplier: 110 }, 0.5);
const narrowest = (() => {
  const { modules } = adaptersOf(config, { rank: 1, alpha: null });
  return Math.min(...modules.flatMap((name) => tensors.get(`${name.slice('transformer.'.length)}.weight`)!.shape));
})();
const [rows, tokens] = [3, 5];
const specs = studentInputs(config, tokens, rows);

/** Inputs of the loss, random but for σ. */
function batch(step: number): Record<StudentInput, { data: Float32Array; shape: readonly number[] }> {
  const random = new TrainingRandom(11, step);
  return Object.fromEntries(Object.entries<TensorSpec>(specs).map(([name, { shape }]) => {
    const length = shape.reduce((product, side) => product * side, 1);
    const data = name === 'sigma' ? Float32Array.from({ length }, () => 0.1 + 0.8 * random.uniform()) : name === 'guidance' ? Float32Array.from({ length }, () => 1 + 8 * random.uniform()) : random.normals(length);
    return [name, { data, shape }];
  })) as ReturnType<typeof batch>;
}

const open: Trainer<StudentInput>[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});
async function trainer(beginning: Beginning, parts = 1, recompute = false): Promise<Trainer<StudentInput>> {
  const made = await Trainer.create<StudentInput>(beginning.parameters, specs, studentLoss(config, beginning), { weightDecay: 0 }, { threads: 1 }, { accumulate: parts, recompute, fixed: beginning.fixed });
  open.push(made);
  return made;
}
const begin = (lora: { rank: number; alpha: number | null } | null) => startingStudent(config, tensors, { seed: 3, lora, initFrom: null });

/** The loss of one batch under weights given by name. */
async function lossOf(weights: ReadonlyMap<string, { shape: readonly number[]; data: Float32Array }>, loss: ReturnType<typeof distillationLoss>): Promise<number> {
  const inputs = Object.entries(batch(1));
  const specsOf = [...weights, ...inputs].map(([name, { shape }]): [string, TensorSpec] => [name, { dtype: 'float32', shape }]);
  const graph = trace(Object.fromEntries(specsOf), (all) => ({
    loss: loss((name) => all[name]!, Object.fromEntries(inputs.map(([name]) => [name, all[name]!])) as Record<StudentInput, tf.Tensor>),
  }));
  const session = await openSession(graph, { threads: 1 });
  const { loss: value } = await session.run(Object.fromEntries([...weights, ...inputs].map(([name, { shape, data }]) => [name, new ort.Tensor('float32', data, [...shape])])));
  await session.release();
  return (value!.data as Float32Array)[0]!;
}

describe('the adapted matrices', () => {
  test('are those of every block\'s attention and feed-forward that something reads', () => {
    const { modules } = adaptersOf(config, { rank: 2, alpha: null });
    const has = (name: string): boolean => modules.includes(`transformer.${name}`);
    const last = config.num_layers - 1;
    for (const name of ['attn.to_q', 'attn.to_out.0', 'attn.add_k_proj', 'ff.net.0.proj', 'ff.net.2']) {
      for (const block of [0, last]) expect(has(`transformer_blocks.${block}.${name}`), name).toBe(true);
    }
    for (const name of ['attn.add_q_proj', 'attn.to_add_out', 'ff_context.net.2']) {
      expect(has(`transformer_blocks.0.${name}`), name).toBe(true);
      expect(has(`transformer_blocks.${last}.${name}`), name).toBe(false);
    }
    expect(modules.filter((name) => /norm_q|pos_embed|proj_out$/.test(name))).toEqual([]);
  });

  test('are not narrower than the rank', () => {
    expect(adaptersOf(config, { rank: narrowest, alpha: null })).toMatchObject({ rank: narrowest, alpha: narrowest });
    expect(() => begin({ rank: narrowest + 1, alpha: null })).toThrow(expect.objectContaining({
      code: 'invalid-input', message: expect.stringContaining('.weight'), hint: `Choose a rank of at most ${narrowest}, or train all weights.`,
    }));
  });
});

describe('a student with adapters', () => {
  test('starts exactly where a whole one does', async () => {
    const [whole, adapted] = [await trainer(begin(null)), await trainer(begin({ rank: 4, alpha: 2 }))];
    expect((await adapted.step(batch(1), 0, 0)).loss).toBe((await whole.step(batch(1), 0, 0)).loss);
  });

  test('is merged the network that it was unmerged, alpha included', async () => {
    const beginning = begin({ rank: 4, alpha: 12 });
    const learning = await trainer(beginning);
    for (let step = 1; step <= 6; step++) await learning.step(batch(step), 0.01, 1);
    const weights = learning.average;
    const unmerged = new Map([...beginning.fixed, ...beginning.parameters.views(weights)].map((view) => [view.name, view]));
    const merged = new Map(studentTensors({ ...beginning, weights }).map((each) => [`transformer.${each.name}`, { shape: each.shape, data: Float32Array.from(each.data) }]));
    const [expected, actual] = [await lossOf(unmerged, studentLoss(config, beginning)), await lossOf(merged, distillationLoss(config))];
    expect(Math.abs(actual - expected) / expected).toBeLessThan(1e-5);
    // The adapters do something.
    const start = await lossOf(new Map(beginning.fixed.map((view) => [view.name, view])), distillationLoss(config));
    expect(Math.abs(actual - start) / start).toBeGreaterThan(1e-3);
    expect([...merged.keys()].sort()).toEqual(begin(null).parameters.specs.map(({ name }) => name).sort());
  });

  test('has a state as long as what learns, and never touches the teacher\'s numbers', async () => {
    const beginning = begin({ rank: 2, alpha: null });
    const before = beginning.fixed.map(({ data }) => Float32Array.from(data));
    const learning = await trainer(beginning);
    for (let step = 1; step <= 3; step++) await learning.step(batch(step), 0.05, 0.5);
    expect(beginning.fixed.map(({ data }) => data)).toEqual(before);
    // The teacher's own arrays, not copies.
    expect(beginning.fixed.every(({ name, data }) => tensors.get(name.slice('transformer.'.length))!.data === data)).toBe(true);
    const { modules } = beginning.adapters!;
    const length = modules.map((name) => tensors.get(`${name.slice('transformer.'.length)}.weight`)!.shape).reduce((sum, [out, into]) => sum + 2 * (out! + into!), 0);
    expect(learning.state()).toMatchObject({ steps: 3 });
    for (const role of ['value', 'first', 'second', 'average'] as const) expect(learning.state()[role]).toHaveLength(length);
    expect(beginning.parameters.specs.map(({ name }) => name).sort()).toEqual(modules.flatMap((name) => Object.values(pairNames(name))).sort());
  });

  test.each([1, 3])('goes on from a saved state bit for bit; %i parts', async (parts) => {
    const [straight, resumed] = [await trainer(begin({ rank: 2, alpha: 4 }), parts), await trainer(begin({ rank: 2, alpha: 4 }), parts)];
    for (let step = 1; step <= 2; step++) await straight.step(batch(step), 0.01, 0.5);
    await resumed.step(batch(9), 0.01, 0.5);
    resumed.restore(structuredClone(straight.state()));
    for (let step = 3; step <= 4; step++) expect(await resumed.step(batch(step), 0.01, 0.5)).toEqual(await straight.step(batch(step), 0.01, 0.5));
    expect(resumed.state()).toEqual(straight.state());
  });

  test('takes the same steps when blocks are computed again', async () => {
    const [kept, again] = [await trainer(begin({ rank: 2, alpha: 4 })), await trainer(begin({ rank: 2, alpha: 4 }), 1, true)];
    for (let step = 1; step <= 3; step++) {
      const [wanted, got] = [await kept.step(batch(step), 0.01, 0.5), await again.step(batch(step), 0.01, 0.5)];
      expect(got.loss / wanted.loss).toBeCloseTo(1, 4);
      expect(got.gradientNorm / wanted.gradientNorm).toBeCloseTo(1, 3);
    }
  });

  test('as wide as its matrices learns the same loss down as a whole one', async () => {
    const learn = async (lora: Parameters<typeof begin>[0]): Promise<number[]> => {
      const learning = await trainer(begin(lora));
      const losses: number[] = [];
      for (let step = 1; step <= 12; step++) losses.push((await learning.step(batch(1), 2e-3, 1)).loss);
      return losses;
    };
    const [whole, adapted] = [await learn(null), await learn({ rank: narrowest, alpha: null })];
    const fallen = (losses: number[]): number => 1 - losses.at(-1)! / losses[0]!;
    expect(fallen(whole)).toBeGreaterThan(0.01);
    expect(fallen(adapted)).toBeGreaterThan(0.5 * fallen(whole));
    adapted.slice(1).forEach((loss, i) => expect(loss).toBeLessThan(adapted[i]!));
  });
});
