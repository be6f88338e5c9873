// One training step as one graph: loss, gradients, clipping, AdamW and the running average of the weights.
// The state lives in flat buffers, two of each: a step reads one and writes the other.
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import { StudioError } from '../contract/errors.ts';
import { openSession, type SessionOptions } from '../graph/session.ts';
import { trace, type TensorSpec } from '../graph/trace.ts';
import type { Weights } from '../networks/layers.ts';
import type { Parameters, ParameterSpec } from './parameters.ts';

export interface OptimizerOptions {
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  /** Decoupled, on matrices and filters only. */
  weightDecay?: number;
  /** Gradients longer than this are shortened to it. */
  clipNorm?: number;
  /** The matrices that Muon moves instead of AdamW: the inner ones of a network, neither embeddings nor its output. Default none. */
  muon?: (spec: ParameterSpec) => boolean;
  /** Root mean square of what Muon adds to a number, before the learning rate; AdamW's is about 0.2. */
  muonSize?: number;
}

export interface StepResult {
  loss: number;
  /** Length of the gradient before clipping. */
  gradientNorm: number;
}

type Role = 'value' | 'first' | 'second' | 'average';
const roles: readonly Role[] = ['value', 'first', 'second', 'average'];
type State = Record<Role, Float32Array>;

export type Loss<I extends string> = (w: Weights, inputs: Record<I, tf.Tensor>) => tf.Tensor;

interface StepTensors { parameter: tf.Tensor; gradient: tf.Tensor; first: tf.Tensor; second: tf.Tensor; average: tf.Tensor }
interface Scalars { learningRate: tf.Tensor; firstBias: tf.Tensor; secondBias: tf.Tensor; averageRate: tf.Tensor; shrink: tf.Tensor }

/** AdamW (Loshchilov & Hutter 2019) for one parameter, and its exponential average. */
function adamw(t: StepTensors, s: Scalars, decays: boolean, o: Required<OptimizerOptions>): Record<Role, tf.Tensor> {
  const gradient = t.gradient.mul(s.shrink);
  const first = t.first.mul(o.beta1).add(gradient.mul(1 - o.beta1));
  const second = t.second.mul(o.beta2).add(gradient.square().mul(1 - o.beta2));
  const update = first.mul(s.firstBias).div(second.mul(s.secondBias).sqrt().add(o.epsilon));
  const decayed = decays && o.weightDecay > 0 ? update.add(t.parameter.mul(o.weightDecay)) : update;
  const value = t.parameter.sub(decayed.mul(s.learningRate));
  return { value, first, second, average: t.average.add(value.sub(t.average).mul(s.averageRate)) };
}

/** Newton and Schulz's iteration for the nearest matrix with orthogonal rows; singular values end between 0.7 and 1.2. */
function orthogonalised(matrix: tf.Tensor): tf.Tensor {
  const [rows, columns] = matrix.shape as [number, number];
  let x = matrix.div(matrix.square().sum().sqrt().add(1e-7));
  for (let i = 0; i < 5; i++) {
    // Products on the smaller side are the cheaper ones.
    const gram = rows <= columns ? tf.matMul(x, x, false, true) : tf.matMul(x, x, true, false);
    const mix = gram.mul(-4.775).add(tf.matMul(gram, gram).mul(2.0315));
    x = x.mul(3.4445).add(rows <= columns ? tf.matMul(mix, x) : tf.matMul(x, mix));
  }
  return x;
}

const muonMomentum = 0.95;

/**
 * Muon (Jordan et al. 2024): the momentum's nearest orthogonal matrix, scaled so that its numbers have a size given beside the
 * learning rate (Liu et al., arXiv 2502.16982), which lets AdamW share that rate. Keeps no second moment.
 */
function muon(t: StepTensors, s: Scalars, o: Required<OptimizerOptions>): Record<Role, tf.Tensor> {
  const first = t.first.mul(muonMomentum).add(t.gradient);
  const direction = orthogonalised(t.gradient.add(first.mul(muonMomentum)));
  const update = direction.mul(o.muonSize * Math.sqrt(Math.max(...t.parameter.shape)));
  const value = t.parameter.sub(update.add(t.parameter.mul(o.weightDecay)).mul(s.learningRate));
  return { value, first, second: t.second, average: t.average.add(value.sub(t.average).mul(s.averageRate)) };
}

/** The matrices inside a transformer's blocks and a text encoder's layers: those that Muon is for. */
export const innerMatrices = ({ name, shape }: Pick<ParameterSpec, 'name' | 'shape'>): boolean => shape.length === 2 && /(blocks|layers)\..*(attn|ff|mlp)/.test(name);

export class Trainer<I extends string> {
  readonly parameters: Parameters;
  readonly #session: ort.InferenceSession;
  readonly #trainable: readonly ParameterSpec[];
  readonly #options: Required<OptimizerOptions>;
  #current: State;
  #next: State;
  #steps = 0;

  private constructor(parameters: Parameters, session: ort.InferenceSession, trainable: readonly ParameterSpec[], options: Required<OptimizerOptions>) {
    this.parameters = parameters;
    this.#session = session;
    this.#trainable = trainable;
    this.#options = options;
    const state = (): State => ({
      value: Float32Array.from(parameters.values), first: new Float32Array(parameters.length),
      second: new Float32Array(parameters.length), average: Float32Array.from(parameters.values),
    });
    this.#current = state();
    this.#next = state();
  }

  /** Traces the step for inputs of these shapes. `loss` returns a scalar; every trainable parameter must have a part in it. */
  static async create<I extends string>(parameters: Parameters, inputs: Record<I, TensorSpec>, loss: Loss<I>, options: OptimizerOptions = {}, session: SessionOptions = {}): Promise<Trainer<I>> {
    const settings: Required<OptimizerOptions> = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.01, clipNorm: 1, muon: () => false, muonSize: 0.2, ...options };
    const trainable = parameters.specs.filter((spec) => spec.trainable);
    const scalar: TensorSpec = { dtype: 'float32', shape: [] };
    const specs: Record<string, TensorSpec> = { learning_rate: scalar, first_bias: scalar, second_bias: scalar, average_rate: scalar };
    for (const [name, spec] of Object.entries<TensorSpec>(inputs)) specs[`in/${name}`] = spec;
    for (const { name, shape, trainable: learns } of parameters.specs) {
      specs[`value/${name}`] = { dtype: 'float32', shape };
      if (learns) for (const role of ['first', 'second', 'average']) specs[`${role}/${name}`] = { dtype: 'float32', shape };
    }
    const graph = trace(specs, (tensors) => {
      const fixed = parameters.specs.filter((spec) => !spec.trainable).map(({ name }): [string, tf.Tensor] => [name, tensors[`value/${name}`]!]);
      const data = Object.fromEntries(Object.keys(inputs).map((name) => [name, tensors[`in/${name}`]!])) as Record<I, tf.Tensor>;
      const forward = (...values: tf.Tensor[]): tf.Tensor<tf.Rank.R0> => {
        const lookup = new Map([...fixed, ...trainable.map(({ name }, i): [string, tf.Tensor] => [name, values[i]!])]);
        return loss((name) => {
          const tensor = lookup.get(name);
          if (!tensor) throw new Error(`The network asks for a parameter '${name}' that it does not have.`);
          return tensor;
        }, data) as tf.Tensor<tf.Rank.R0>;
      };
      const { value, grads } = tf.valueAndGrads(forward)(trainable.map(({ name }) => tensors[`value/${name}`]!));
      const squared = grads.map((g) => g.square().sum());
      const norm = tf.addN(squared).sqrt();
      const scalars: Scalars = {
        learningRate: tensors['learning_rate']!, firstBias: tensors['first_bias']!, secondBias: tensors['second_bias']!, averageRate: tensors['average_rate']!,
        shrink: tf.minimum(tf.scalar(1), tf.div(settings.clipNorm, norm.add(1e-6))),
      };
      const outputs: Record<string, tf.Tensor> = { loss: value, gradient_norm: norm };
      trainable.forEach((spec, i) => {
        const { name } = spec;
        const state = {
          parameter: tensors[`value/${name}`]!, gradient: grads[i]!, first: tensors[`first/${name}`]!, second: tensors[`second/${name}`]!, average: tensors[`average/${name}`]!,
        };
        const updated = settings.muon(spec) ? muon(state, scalars, settings) : adamw(state, scalars, spec.shape.length > 1, settings);
        for (const role of roles) outputs[`new_${role}/${name}`] = updated[role];
      });
      return outputs;
    }, { name: 'training_step', mode: 'training' });
    return new Trainer<I>(parameters, await openSession(graph, session), trainable, settings);
  }

  /** Steps made so far. */
  get steps(): number {
    return this.#steps;
  }

  /** The running average of the weights, in the parameters' layout; valid until the next step. */
  get average(): Float32Array {
    return this.#current.average;
  }

  get values(): Float32Array {
    return this.#current.value;
  }

  /**
   * Makes one step. `averageRate` is 1 − decay of the average. Throws StudioError `unsupported` when the loss is no number; the
   * state is then that before the step.
   */
  async step(inputs: Record<I, { data: Float32Array | Int32Array; shape: readonly number[] }>, learningRate: number, averageRate: number): Promise<StepResult> {
    const t = this.#steps + 1;
    const number = (x: number): ort.Tensor => new ort.Tensor('float32', Float32Array.of(x), []);
    const feeds: Record<string, ort.Tensor> = {
      learning_rate: number(learningRate), first_bias: number(1 / (1 - this.#options.beta1 ** t)),
      second_bias: number(1 / (1 - this.#options.beta2 ** t)), average_rate: number(averageRate),
    };
    for (const [name, { data, shape }] of Object.entries<{ data: Float32Array | Int32Array; shape: readonly number[] }>(inputs)) feeds[`in/${name}`] = new ort.Tensor(data, [...shape]);
    const fetches: Record<string, ort.Tensor | null> = { loss: null, gradient_norm: null };
    for (const spec of this.parameters.specs) {
      const tensor = (state: State, role: Role): ort.Tensor => new ort.Tensor('float32', this.parameters.view(state[role], spec.name).data, [...spec.shape]);
      feeds[`value/${spec.name}`] = tensor(this.#current, 'value');
      if (!spec.trainable) continue;
      for (const role of roles) {
        feeds[`${role}/${spec.name}`] = tensor(this.#current, role);
        fetches[`new_${role}/${spec.name}`] = tensor(this.#next, role);
      }
    }
    const outputs = await this.#session.run(feeds, fetches as ort.InferenceSession.FetchesType);
    const loss = (outputs['loss']!.data as Float32Array)[0]!;
    const gradientNorm = (outputs['gradient_norm']!.data as Float32Array)[0]!;
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      throw new StudioError('unsupported', `The loss stopped being a number at step ${t}.`, { hint: 'Resume from the last checkpoint with a lower learning rate.' });
    }
    [this.#current, this.#next] = [this.#next, this.#current];
    this.#steps = t;
    return { loss, gradientNorm };
  }

  /** Everything a checkpoint needs; the arrays are valid until the next step. */
  state(): { steps: number } & State {
    return { steps: this.#steps, ...this.#current };
  }

  /** Goes on from a saved state. Throws StudioError `corrupt-file` when it is one of other parameters. */
  restore(saved: { steps: number } & State): void {
    for (const role of roles) {
      if (saved[role].length !== this.parameters.length) throw new StudioError('corrupt-file', `The training checkpoint has ${saved[role].length} numbers, the network ${this.parameters.length}.`);
      this.#current[role].set(saved[role]);
      // What never trains is never written: both buffers must have it.
      this.#next[role].set(saved[role]);
    }
    this.#steps = saved.steps;
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}
