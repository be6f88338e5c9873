// The training step against AdamW and Muon written out by hand, batches in parts, and what it does when the loss is no number.
import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, test } from 'vitest';
import { Parameters, type ParameterSpec } from './parameters.ts';
import { TrainingRandom } from './random.ts';
import { innerMatrices, Trainer, type Loss, type OptimizerOptions } from './trainer.ts';

const [rows, into, out] = [6, 3, 2];

/** y = x·w + b with mean squared error, and a table that never trains added to the result. */
const specs: ParameterSpec[] = [
  { name: 'w', shape: [into, out], init: { kind: 'normal', deviation: 0.5 }, trainable: true },
  { name: 'fixed', shape: [out], init: { kind: 'table', data: Float32Array.of(0.25, -0.5) }, trainable: false },
  { name: 'b', shape: [out], init: { kind: 'normal', deviation: 0.5 }, trainable: true },
];
const loss: Loss<'x' | 'y'> = (w, { x, y }) => tf.matMul(x as tf.Tensor2D, w('w') as tf.Tensor2D).add(w('b')).add(w('fixed')).sub(y).square().mean();

function batch(step: number): { x: { data: Float32Array; shape: number[] }; y: { data: Float32Array; shape: number[] } } {
  const random = new TrainingRandom(5, step);
  return { x: { data: random.normals(rows * into), shape: [rows, into] }, y: { data: random.normals(rows * out), shape: [rows, out] } };
}

const open: Trainer<'x' | 'y'>[] = [];
async function trainer(options: OptimizerOptions = {}, parts = 1): Promise<Trainer<'x' | 'y'>> {
  const made = await Trainer.create(new Parameters(specs, 3), { x: { dtype: 'float32', shape: [rows, into] }, y: { dtype: 'float32', shape: [rows, out] } }, loss, options, { threads: 1 }, { accumulate: parts });
  open.push(made);
  return made;
}
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

/** The same in double precision, one number at a time. */
function byHand(start: Float32Array, o: Required<OptimizerOptions>) {
  const value = Array.from(start);
  const average = Array.from(start);
  const first = value.map(() => 0);
  const second = value.map(() => 0);
  const learning = value.map((_, i) => i < into * out || i >= into * out + out);
  const at = { w: (i: number, j: number) => i * out + j, fixed: (j: number) => into * out + j, b: (j: number) => into * out + out + j };
  let t = 0;
  return {
    value, average,
    step({ x, y }: ReturnType<typeof batch>, learningRate: number, averageRate: number): { loss: number; gradientNorm: number } {
      t += 1;
      const gradient = value.map(() => 0);
      let total = 0;
      for (let r = 0; r < rows; r++) {
        for (let j = 0; j < out; j++) {
          let sum = value[at.b(j)]! + value[at.fixed(j)]!;
          for (let i = 0; i < into; i++) sum += x.data[r * into + i]! * value[at.w(i, j)]!;
          const error = sum - y.data[r * out + j]!;
          total += error * error;
          const slope = (2 * error) / (rows * out);
          gradient[at.b(j)]! += slope;
          for (let i = 0; i < into; i++) gradient[at.w(i, j)]! += slope * x.data[r * into + i]!;
        }
      }
      const norm = Math.hypot(...gradient.filter((_, k) => learning[k]));
      const shrink = Math.min(1, o.clipNorm / norm);
      for (const k of value.keys()) {
        if (!learning[k]) continue;
        const g = gradient[k]! * shrink;
        first[k] = o.beta1 * first[k]! + (1 - o.beta1) * g;
        second[k] = o.beta2 * second[k]! + (1 - o.beta2) * g * g;
        const direction = first[k]! / (1 - o.beta1 ** t) / (Math.sqrt(second[k]! / (1 - o.beta2 ** t)) + o.epsilon);
        const decay = k < into * out ? o.weightDecay * value[k]! : 0;
        value[k] = value[k]! - learningRate * (direction + decay);
        average[k] = average[k]! + averageRate * (value[k]! - average[k]!);
      }
      return { loss: total / (rows * out), gradientNorm: norm };
    },
  };
}

const near = (actual: Float32Array, wanted: number[]): void => actual.forEach((x, i) => expect(x).toBeCloseTo(wanted[i]!, 4));

describe('a step is AdamW', () => {
  const cases: [string, Required<OptimizerOptions>][] = [
    ['with weight decay and a clipped gradient', { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.3, clipNorm: 0.2, muon: () => false, muonSize: 0.2 }],
    ['without either', { beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weightDecay: 0, clipNorm: 1e9, muon: () => false, muonSize: 0.2 }],
  ];
  test.each(cases)('%s', async (_, options) => {
    const real = await trainer(options);
    const hand = byHand(real.values, options);
    let clipped = 0;
    for (let step = 1; step <= 8; step++) {
      const [rate, averageRate] = [0.05 / step, step === 1 ? 1 : 0.25];
      const wanted = hand.step(batch(step), rate, averageRate);
      const got = await real.step(batch(step), rate, averageRate);
      expect(got.loss).toBeCloseTo(wanted.loss, 5);
      expect(got.gradientNorm).toBeCloseTo(wanted.gradientNorm, 5);
      if (wanted.gradientNorm > options.clipNorm) clipped += 1;
      near(real.values, hand.value);
      near(real.average, hand.average);
    }
    expect(clipped > 0).toBe(options.clipNorm < 1);
    expect(real.steps).toBe(8);
    expect(Array.from(real.parameters.view(real.values, 'fixed').data)).toEqual([0.25, -0.5]);
  });
});

describe('a step is Muon where it is asked for', () => {
  const shapes = { tall: [5, 3], wide: [2, 4], square: [3, 3], bias: [4] } as const;
  type Name = keyof typeof shapes;
  const names = Object.keys(shapes) as Name[];
  const specs: ParameterSpec[] = names.map((name) => ({ name, shape: shapes[name], init: { kind: 'normal', deviation: 0.5 }, trainable: true }));
  const size = (name: Name): number => shapes[name].reduce<number>((product, extent) => product * extent, 1);
  /** Σ (w − target)²: the gradient is 2(w − target), whatever the shape. */
  const towards: Loss<Name> = (w, targets) => tf.addN(names.map((name) => w(name).sub(targets[name]).square().sum()));
  const targets = (step: number) => Object.fromEntries(names.map((name, i) => [name, { data: new TrainingRandom(8, step, i).normals(size(name)), shape: [...shapes[name]] }])) as
    Record<Name, { data: Float32Array; shape: number[] }>;

  type Matrix = number[][];
  const product = (a: Matrix, b: Matrix): Matrix => a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
  const transposed = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map((row) => row[j]!));
  const sum = (a: Matrix, b: Matrix, factor: number): Matrix => a.map((row, i) => row.map((value, j) => value + factor * b[i]![j]!));
  const scaled = (a: Matrix, factor: number): Matrix => a.map((row) => row.map((value) => factor * value));
  const matrix = (data: ArrayLike<number>, columns: number): Matrix =>
    Array.from({ length: data.length / columns }, (_, i) => Array.from({ length: columns }, (_, j) => data[i * columns + j]!));

  /** x ← a·x + b·(xxᵀ)x + c·(xxᵀ)²x, five times, from a matrix of norm 1. */
  function orthogonal(a: Matrix): Matrix {
    let x = scaled(a, 1 / Math.hypot(...a.flat()));
    for (let i = 0; i < 5; i++) {
      const cube = product(product(x, transposed(x)), x);
      x = sum(sum(scaled(x, 3.4445), cube, -4.775), product(product(x, transposed(x)), cube), 2.0315);
    }
    return x;
  }

  test.each([0, 0.4])('with weight decay %f', async (weightDecay) => {
    const rate = 0.03;
    const real = await Trainer.create(new Parameters(specs, 2), Object.fromEntries(names.map((name) => [name, { dtype: 'float32' as const, shape: shapes[name] }])) as never, towards,
      { weightDecay, clipNorm: 0.1, muonSize: 0.3, muon: ({ shape }) => shape.length === 2 }, { threads: 1 });
    open.push(real as never);
    const read = (buffer: Float32Array, name: Name): Matrix => matrix(real.parameters.view(buffer, name).data, shapes[name].at(-1)!);
    const value = Object.fromEntries(names.map((name) => [name, read(real.values, name)])) as Record<Name, Matrix>;
    const average = structuredClone(value);
    const momentum = Object.fromEntries(names.map((name) => [name, scaled(value[name], 0)])) as Record<Name, Matrix>;
    const startingBias = value.bias;
    for (let step = 1; step <= 4; step++) {
      const wanted = targets(step);
      for (const name of ['tall', 'wide', 'square'] as const) {
        const columns = shapes[name][1];
        const gradient = scaled(sum(value[name], matrix(wanted[name].data, columns), -1), 2);
        momentum[name] = sum(gradient, momentum[name], 0.95);
        const direction = orthogonal(sum(gradient, momentum[name], 0.95));
        // What makes it Muon: all singular values near one, so the smaller Gram matrix is near the identity.
        const gram = shapes[name][0] <= columns ? product(direction, transposed(direction)) : product(transposed(direction), direction);
        gram.forEach((row, i) => row.forEach((entry, j) => expect(Math.abs(entry - Number(i === j))).toBeLessThan(0.6)));
        const update = sum(scaled(direction, 0.3 * Math.sqrt(Math.max(...shapes[name]))), value[name], weightDecay);
        value[name] = sum(value[name], update, -rate);
        average[name] = sum(scaled(average[name], 0.75), value[name], 0.25);
      }
      await real.step(wanted, rate, 0.25);
      for (const name of ['tall', 'wide', 'square'] as const) {
        near(Float32Array.from(read(real.values, name).flat()), value[name].flat());
        near(Float32Array.from(read(real.average, name).flat()), average[name].flat());
      }
    }
    // What is no matrix is AdamW's: its first steps are as long as the rate, whatever the gradient.
    const moved = sum(read(real.values, 'bias'), startingBias, -1).flat();
    expect(Math.max(...moved.map(Math.abs))).toBeLessThanOrEqual(4.4 * rate);
    expect(Math.min(...moved.map(Math.abs))).toBeGreaterThan(0);
  });

  test('which is for the matrices within blocks and layers', () => {
    const chosen = (name: string, ...shape: number[]): boolean => innerMatrices({ name, shape });
    expect(chosen('transformer.transformer_blocks.3.attn.to_q.weight', 8, 8)).toBe(true);
    expect(chosen('transformer.transformer_blocks.0.ff_context.net.2.weight', 8, 32)).toBe(true);
    expect(chosen('text_encoder.text_model.encoder.layers.0.mlp.fc1.weight', 32, 8)).toBe(true);
    expect(chosen('transformer.transformer_blocks.3.attn.to_q.bias', 8)).toBe(false);
    expect(chosen('transformer.transformer_blocks.3.norm1.linear.weight', 48, 8)).toBe(false);
    for (const name of ['proj_out', 'context_embedder', 'time_text_embed.text_embedder.linear_1']) expect(chosen(`transformer.${name}.weight`, 8, 8)).toBe(false);
  });
});

describe.each([2, 3, 6])('a batch in %i parts', (parts) => {
  // The gradient is clipped: by its whole length, not by a part's.
  const options = { weightDecay: 0.3, clipNorm: 0.2 };

  test('makes the step that it makes in one', async () => {
    const [whole, cut] = [await trainer(options), await trainer(options, parts)];
    const before = Float32Array.from(whole.values);
    for (let step = 1; step <= 5; step++) {
      const [wanted, got] = [await whole.step(batch(step), 0.05, 0.25), await cut.step(batch(step), 0.05, 0.25)];
      expect(got.loss).toBeCloseTo(wanted.loss, 5);
      expect(got.gradientNorm).toBeCloseTo(wanted.gradientNorm, 5);
    }
    for (const role of ['value', 'first', 'second', 'average'] as const) cut.state()[role].forEach((x, i) => expect(x).toBeCloseTo(whole.state()[role][i]!, 5));
    expect(Math.max(...cut.values.map((x, i) => Math.abs(x - before[i]!)))).toBeGreaterThan(0.1);
    expect(Array.from(cut.parameters.view(cut.average, 'fixed').data)).toEqual([0.25, -0.5]);
  });

  test('goes on from a saved state bit for bit', async () => {
    const straight = await trainer(options, parts);
    for (let step = 1; step <= 3; step++) await straight.step(batch(step), 0.05, 0.25);
    const resumed = await trainer(options, parts);
    // Steps of its own first: nothing of them may remain.
    await resumed.step(batch(9), 0.05, 0.25);
    resumed.restore(structuredClone(straight.state()));
    for (let step = 4; step <= 6; step++) expect(await resumed.step(batch(step), 0.05, 0.25)).toEqual(await straight.step(batch(step), 0.05, 0.25));
    expect(resumed.state()).toEqual(straight.state());
  });
});

test('a batch that cannot be cut into equal parts is refused', async () => {
  await expect(trainer({}, 4)).rejects.toMatchObject({ code: 'invalid-input', message: expect.stringContaining('4 equal parts') });
});

test.each([1, 3])('a loss that is no number is an error and changes nothing; %i parts', async (parts) => {
  const harmed = await trainer({}, parts);
  const untouched = await trainer({}, parts);
  for (const each of [harmed, untouched]) await each.step(batch(1), 0.1, 0.5);
  const broken = batch(2);
  broken.x.data[4] = NaN;
  const before = structuredClone(harmed.state());
  await expect(harmed.step(broken, 0.1, 0.5)).rejects.toMatchObject({ name: 'StudioError', message: expect.stringContaining('step 2') });
  expect(harmed.state()).toEqual(before);
  for (let step = 2; step <= 4; step++) expect(await harmed.step(batch(step), 0.1, 0.5)).toEqual(await untouched.step(batch(step), 0.1, 0.5));
  expect(harmed.state()).toEqual(untouched.state());
});

test('a gradient too large for a number is one too', async () => {
  const real = await trainer();
  const huge = batch(1);
  huge.y.data.fill(1e25);
  await expect(real.step(huge, 0.1, 0.5)).rejects.toThrow('stopped being a number');
  expect(real.steps).toBe(0);
});

test('a network that asks for a parameter it does not have is told its name', async () => {
  await expect(Trainer.create(new Parameters(specs, 1), { x: { dtype: 'float32', shape: [1] } }, (w) => w('q').sum(), {}, { threads: 1 })).rejects.toThrow("'q'");
});

test('a state of another network is refused', async () => {
  const real = await trainer();
  const state = real.state();
  expect(() => real.restore({ ...state, second: new Float32Array(3) })).toThrow(expect.objectContaining({ code: 'corrupt-file' }));
});
