// Makes training steps and keeps their state. A step is one run of one graph; for a batch in parts, a run for each part and one more.
// The state lives in flat buffers, two of each: a step reads one and writes the other.
import * as ort from 'onnxruntime-node';
import { StudioError } from '../contract/errors.ts';
import { openSession, type SessionOptions } from '../graph/session.ts';
import type { TensorSpec } from '../graph/trace.ts';
import type { Parameters, ParameterSpec, ParameterView } from './parameters.ts';
import { gradientGraph, stepGraph, updateGraph, type Loss } from './trainer-graphs.ts';
import { roles, settingsOf, type OptimizerOptions, type Role, type Settings } from './trainer-update.ts';

export type { Loss } from './trainer-graphs.ts';
export { innerMatrices, type OptimizerOptions } from './trainer-update.ts';

export interface StepResult {
  loss: number;
  /** Length of the gradient before clipping. */
  gradientNorm: number;
}

type State = Record<Role, Float32Array>;

/** A tensor to feed. */
export interface Data {
  data: Float32Array | Int32Array;
  shape: readonly number[];
}

type Feeds = Record<string, ort.Tensor>;

/** What a batch in parts needs beside the step. */
interface Parts {
  readonly count: number;
  readonly session: ort.InferenceSession;
  /** Sums of gradients in the parameters' layout: a part reads one and writes the other. */
  sums: readonly [Float32Array, Float32Array];
}

export class Trainer<I extends string> {
  readonly parameters: Parameters;
  /** Of the whole step; with parts, of its update. */
  readonly #session: ort.InferenceSession;
  readonly #parts: Parts | null;
  readonly #trainable: readonly ParameterSpec[];
  readonly #options: Settings;
  /** What has a value and no more, to feed as it is. */
  readonly #fixed: Feeds;
  #current: State;
  #next: State;
  #steps = 0;
  #runtimeMs = 0;

  private constructor(
    parameters: Parameters, session: ort.InferenceSession, parts: Parts | null, trainable: readonly ParameterSpec[], options: Settings, fixed: readonly ParameterView[],
  ) {
    this.parameters = parameters;
    this.#session = session;
    this.#parts = parts;
    this.#trainable = trainable;
    this.#options = options;
    this.#fixed = Object.fromEntries(fixed.map(({ name, shape, data }) => [`value/${name}`, new ort.Tensor('float32', data, [...shape])]));
    const state = (): State => ({
      value: Float32Array.from(parameters.values), first: new Float32Array(parameters.length),
      second: new Float32Array(parameters.length), average: Float32Array.from(parameters.values),
    });
    this.#current = state();
    this.#next = state();
  }

  /**
   * Traces the step for inputs of these shapes. `loss` returns a scalar; every trainable parameter must have a part in it.
   * `accumulate`: parts that a batch is cut into along the first axis of every input, which it divides; `loss` sees one part and has to be
   * a mean over its rows, so that the parts' mean is the batch's. `fixed`: more weights that `loss` may ask for. They stay the caller's, are
   * read at every step, and have neither state nor a place in checkpoints.
   */
  static async create<I extends string>(
    parameters: Parameters, inputs: Record<I, TensorSpec>, loss: Loss<I>, options: OptimizerOptions = {}, session: SessionOptions = {}, accumulate = 1,
    fixed: readonly ParameterView[] = [],
  ): Promise<Trainer<I>> {
    const settings = settingsOf(options);
    const trainable = parameters.specs.filter((spec) => spec.trainable);
    const specs = [...parameters.specs, ...fixed.map(fixedSpec)];
    if (accumulate === 1) return new Trainer<I>(parameters, await openSession(stepGraph(specs, inputs, loss, settings), session), null, trainable, settings, fixed);
    const part = Object.fromEntries(Object.entries<TensorSpec>(inputs).map(([name, { dtype, shape }]) => [name, { dtype, shape: partShape(name, shape, accumulate) }]));
    const gradients = await openSession(gradientGraph(specs, part as unknown as Record<I, TensorSpec>, loss, 1 / accumulate), session);
    try {
      const sums = [new Float32Array(parameters.length), new Float32Array(parameters.length)] as const;
      return new Trainer<I>(parameters, await openSession(updateGraph(specs, settings), session), { count: accumulate, session: gradients, sums }, trainable, settings, fixed);
    } catch (thrown) {
      await gradients.release();
      throw thrown;
    }
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
  async step(inputs: Record<I, Data>, learningRate: number, averageRate: number): Promise<StepResult> {
    const t = this.#steps + 1;
    const number = (x: number): ort.Tensor => new ort.Tensor('float32', Float32Array.of(x), []);
    const feeds: Feeds = {
      learning_rate: number(learningRate), first_bias: number(1 / (1 - this.#options.beta1 ** t)),
      second_bias: number(1 / (1 - this.#options.beta2 ** t)), average_rate: number(averageRate),
      ...(this.#parts === null ? { ...this.#fixed, ...this.#values(this.parameters.specs), ...dataFeeds(inputs) } : this.#values(this.#trainable)),
    };
    const accumulated = this.#parts === null ? null : await this.#accumulate(this.#parts, inputs);
    Object.assign(feeds, accumulated?.gradients);
    const fetches: Record<string, ort.Tensor | null> = { gradient_norm: null, ...(accumulated === null && { loss: null }) };
    for (const spec of this.#trainable) {
      for (const role of roles) {
        feeds[`${role}/${spec.name}`] = this.#tensor(this.#current[role], spec);
        fetches[`new_${role}/${spec.name}`] = this.#tensor(this.#next[role], spec);
      }
    }
    const outputs = await this.#run(this.#session, feeds, fetches);
    const loss = accumulated?.loss ?? scalarOf(outputs['loss']!);
    const gradientNorm = scalarOf(outputs['gradient_norm']!);
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      throw new StudioError('unsupported', `The loss stopped being a number at step ${t}.`, { hint: 'Resume from the last checkpoint with a lower learning rate.' });
    }
    [this.#current, this.#next] = [this.#next, this.#current];
    this.#steps = t;
    return { loss, gradientNorm };
  }

  /** The mean of the parts' losses, and their gradients' mean as feeds. */
  async #accumulate(parts: Parts, inputs: Record<I, Data>): Promise<{ loss: number; gradients: Feeds }> {
    const values = { ...this.#fixed, ...this.#values(this.parameters.specs) };
    let [sum, next] = parts.sums;
    sum.fill(0);
    let loss = 0;
    const gradients = (of: Float32Array, prefix: string): Feeds => Object.fromEntries(this.#trainable.map((spec) => [prefix + spec.name, this.#tensor(of, spec)]));
    for (let part = 0; part < parts.count; part++) {
      const feeds = { ...values, ...dataFeeds(inputs, part, parts.count), ...gradients(sum, 'gradient/') };
      const outputs = await this.#run(parts.session, feeds, { loss: null, ...gradients(next, 'new_gradient/') });
      loss += scalarOf(outputs['loss']!) / parts.count;
      [sum, next] = [next, sum];
    }
    return { loss, gradients: gradients(sum, 'gradient/') };
  }

  #tensor(buffer: Float32Array, { name, shape }: ParameterSpec): ort.Tensor {
    return new ort.Tensor('float32', this.parameters.view(buffer, name).data, [...shape]);
  }

  #values(specs: readonly ParameterSpec[]): Feeds {
    return Object.fromEntries(specs.map((spec) => [`value/${spec.name}`, this.#tensor(this.#current.value, spec)]));
  }

  async #run(session: ort.InferenceSession, feeds: Feeds, fetches: Record<string, ort.Tensor | null>): Promise<ort.InferenceSession.OnnxValueMapType> {
    const started = performance.now();
    const outputs = await session.run(feeds, fetches as ort.InferenceSession.FetchesType);
    this.#runtimeMs += performance.now() - started;
    return outputs;
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
    await this.#parts?.session.release();
  }
}

const fixedSpec = ({ name, shape, data }: ParameterView): ParameterSpec => ({ name, shape, init: { kind: 'table', data }, trainable: false });

const scalarOf = (tensor: ort.Tensor): number => (tensor.data as Float32Array)[0]!;

/** Throws StudioError `invalid-input` where the rows cannot be shared out equally. */
function partShape(name: string, shape: readonly number[], parts: number): number[] {
  const [rows, ...rest] = shape;
  if (rows === undefined || rows % parts !== 0) throw new StudioError('invalid-input', `Input '${name}' of shape [${shape}] cannot be cut into ${parts} equal parts.`);
  return [rows / parts, ...rest];
}

/** Part number `part` of `parts` of each input, along its first axis. */
function dataFeeds(inputs: Record<string, Data>, part = 0, parts = 1): Feeds {
  return Object.fromEntries(Object.entries(inputs).map(([name, { data, shape }]) => {
    if (parts === 1) return [`in/${name}`, new ort.Tensor(data, [...shape])];
    const length = data.length / parts;
    return [`in/${name}`, new ort.Tensor(data.subarray(part * length, (part + 1) * length), partShape(name, shape, parts))];
  }));
}
