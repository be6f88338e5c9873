// One training step as one graph: loss, gradients, clipping, AdamW and the running average of the weights.
// The state lives in flat buffers, two of each: a step reads one and writes the other.
import * as ort from 'onnxruntime-node';
import { StudioError } from '../contract/errors.ts';
import { openSession, type SessionOptions } from '../graph/session.ts';
import type { TensorSpec } from '../graph/trace.ts';
import type { Parameters, ParameterSpec } from './parameters.ts';
import { stepGraph, type Loss } from './trainer-graphs.ts';
import { roles, settingsOf, type OptimizerOptions, type Role, type Settings } from './trainer-update.ts';

export type { Loss } from './trainer-graphs.ts';
export { innerMatrices, type OptimizerOptions } from './trainer-update.ts';

export interface StepResult {
  loss: number;
  /** Length of the gradient before clipping. */
  gradientNorm: number;
}

type State = Record<Role, Float32Array>;

export class Trainer<I extends string> {
  readonly parameters: Parameters;
  readonly #session: ort.InferenceSession;
  readonly #trainable: readonly ParameterSpec[];
  readonly #options: Settings;
  #current: State;
  #next: State;
  #steps = 0;
  #runtimeMs = 0;

  private constructor(parameters: Parameters, session: ort.InferenceSession, trainable: readonly ParameterSpec[], options: Settings) {
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
    const settings = settingsOf(options);
    const trainable = parameters.specs.filter((spec) => spec.trainable);
    return new Trainer<I>(parameters, await openSession(stepGraph(parameters.specs, inputs, loss, settings), session), trainable, settings);
  }

  /** Steps made so far. */
  get steps(): number {
    return this.#steps;
  }

  /** Milliseconds that all steps have spent inside the runtime; what else they took is the studio's own. */
  get runtimeMs(): number {
    return this.#runtimeMs;
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
    const started = performance.now();
    const outputs = await this.#session.run(feeds, fetches as ort.InferenceSession.FetchesType);
    this.#runtimeMs += performance.now() - started;
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
