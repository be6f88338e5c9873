// Makes training steps and keeps their state. A step is one run of one graph; for a batch in parts, a run for each part and one more.
// Where the state lies between two steps is the business of trainer-memory.ts.
import * as ort from 'onnxruntime-node';
import { StudioError } from '../contract/errors.ts';
import { canKeepOutputs, givesStatistics, openSession, type SessionOptions } from '../graph/session.ts';
import type { TensorSpec } from '../graph/trace.ts';
import type { Graph } from '../graph/values.ts';
import type { Parameters, ParameterSpec, ParameterView } from './parameters.ts';
import { gradientGraph, stepGraph, updateGraph, type Loss } from './trainer-graphs.ts';
import { openMemory, settled, type Fetches, type Memory, type Numbers, type Tensors } from './trainer-memory.ts';
import { roles, settingsOf, type OptimizerOptions, type Role, type Settings } from './trainer-update.ts';

export type { Loss } from './trainer-graphs.ts';
export { innerMatrices, type OptimizerOptions } from './trainer-update.ts';

export interface StepResult {
  loss: number;
  /** Length of the gradient before clipping. */
  gradientNorm: number;
}

type State = Numbers<Role>;

/** A tensor to feed. */
export interface Data {
  data: Float32Array | Int32Array;
  shape: readonly number[];
}

/** How a step is made. */
export interface StepOptions {
  /**
   * Parts that a batch is cut into along the first axis of every input, which it divides; the loss sees one part and has to be a mean over
   * its rows, so that the parts' mean is the batch's. Default 1.
   */
  accumulate?: number;
  /** Computes the inside of each block again for the gradients instead of keeping it. */
  recompute?: boolean;
  /** More weights that the loss may ask for. They stay the caller's, are read at every step, and have neither state nor a place in checkpoints. */
  fixed?: readonly ParameterView[];
}

/** What a batch in parts needs beside the step. */
interface Parts {
  readonly count: number;
  readonly session: ort.InferenceSession;
  /** Sums of gradients in the parameters' layout. */
  readonly sums: Memory<'gradient'>;
}

/** What a trainer is made of. */
interface Made {
  readonly parameters: Parameters;
  /** Of the whole step; with parts, of its update. */
  readonly session: ort.InferenceSession;
  readonly parts: Parts | null;
  readonly options: Settings;
  readonly state: Memory<Role>;
  /** What has a value and no more, to feed as it is. */
  readonly fixed: Tensors;
}

export class Trainer<I extends string> {
  readonly parameters: Parameters;
  readonly #made: Made;
  #steps = 0;
  #runtimeMs = 0;

  private constructor(made: Made) {
    this.parameters = made.parameters;
    this.#made = made;
  }

  /** Traces the step for inputs of these shapes. `loss` returns a scalar; every trainable parameter must have a part in it. */
  static async create<I extends string>(
    parameters: Parameters, inputs: Record<I, TensorSpec>, loss: Loss<I>, options: OptimizerOptions = {}, session: SessionOptions = {}, step: StepOptions = {},
  ): Promise<Trainer<I>> {
    const { accumulate = 1, recompute = false, fixed = [] } = step;
    const how = { recompute, statistics: givesStatistics(session) };
    const settings = settingsOf(options);
    const specs = [...parameters.specs, ...fixed.map(fixedSpec)];
    const opened: { release(): Promise<void> }[] = [];
    const open = async (graph: Graph): Promise<ort.InferenceSession> => {
      const made = await openSession(graph, { ...session, piecemeal: true, biasApart: true, ...(canKeepOutputs(session) && { keptOutputs: graph.outputs.map(({ name }) => name).filter((name) => name.startsWith('new_')) }) });
      opened.push(made);
      return made;
    };
    const memory = async <R extends string>(held: readonly R[], start: Numbers<R>): Promise<Memory<R>> => {
      const made = await openMemory({ parameters, roles: held }, start, session);
      opened.push({ release: () => made.close() });
      return made;
    };
    try {
      const zeros = (): Float32Array => new Float32Array(parameters.length);
      let parts: Parts | null = null;
      if (accumulate > 1) {
        const part = Object.fromEntries(Object.entries<TensorSpec>(inputs).map(([name, { dtype, shape }]) => [name, { dtype, shape: partShape(name, shape, accumulate) }]));
        const graph = gradientGraph(specs, part as unknown as Record<I, TensorSpec>, loss, 1 / accumulate, how);
        parts = { count: accumulate, session: await open(graph), sums: await memory(['gradient'], { gradient: zeros() }) };
      }
      return new Trainer<I>({
        parameters, parts, options: settings,
        session: await open(parts === null ? stepGraph(specs, inputs, loss, settings, how) : updateGraph(specs, settings)),
        state: await memory(roles, { value: Float32Array.from(parameters.values), first: zeros(), second: zeros(), average: Float32Array.from(parameters.values) }),
        fixed: await settled(Object.fromEntries(fixed.map(({ name, shape, data }) => [`value/${name}`, new ort.Tensor('float32', data, [...shape])])), session),
      });
    } catch (thrown) {
      for (const each of opened) await each.release();
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

  /** The running average of the weights, in the parameters' layout; valid until the next step. On another device than the CPU: after `download`. */
  get average(): Float32Array {
    return this.#numbers.average;
  }

  /** As `average`. */
  get values(): Float32Array {
    return this.#numbers.value;
  }

  /** Brings the state to the host's memory where it is elsewhere; it stays there too, and so do the next steps. */
  async download(): Promise<void> {
    await this.#made.state.read();
  }

  get #numbers(): State {
    const { numbers } = this.#made.state;
    if (numbers === null) throw new Error('The state is on the device: download it first.');
    return numbers;
  }

  /**
   * Makes one step. `averageRate` is 1 − decay of the average. Throws StudioError `unsupported` when the loss is no number; the
   * state is then that before the step.
   */
  async step(inputs: Record<I, Data>, learningRate: number, averageRate: number): Promise<StepResult> {
    const { session, parts, options: { beta1, beta2 }, state, fixed } = this.#made;
    const t = this.#steps + 1;
    const accumulated = parts === null ? null : await this.#accumulate(parts, inputs);
    const feeds: Tensors = {
      learning_rate: scalar(learningRate), first_bias: scalar(1 / (1 - beta1 ** t)), second_bias: scalar(1 / (1 - beta2 ** t)), average_rate: scalar(averageRate),
      ...(await state.feeds()), ...(accumulated === null ? { ...fixed, ...dataFeeds(inputs) } : await accumulated.sums.feeds()),
    };
    const outputs = await this.#run(session, feeds, { gradient_norm: null, ...(accumulated === null && { loss: null }), ...state.fetches });
    const loss = accumulated?.loss ?? numberOf(outputs['loss']!);
    const gradientNorm = numberOf(outputs['gradient_norm']!);
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      state.refuse(outputs);
      throw new StudioError('unsupported', `The loss stopped being a number at step ${t}.`, { hint: 'Resume from the last checkpoint with a lower learning rate.' });
    }
    state.accept(outputs);
    this.#steps = t;
    return { loss, gradientNorm };
  }

  /** The mean of the parts' losses; their gradients' mean is in `sums`. */
  async #accumulate({ count, session, sums }: Parts, inputs: Record<I, Data>): Promise<{ loss: number; sums: Memory<'gradient'> }> {
    const values = { ...this.#made.fixed, ...(await this.#made.state.feeds()) };
    sums.clear();
    let loss = 0;
    for (let part = 0; part < count; part++) {
      const outputs = await this.#run(session, { ...values, ...dataFeeds(inputs, part, count), ...(await sums.feeds()) }, { loss: null, ...sums.fetches });
      loss += numberOf(outputs['loss']!) / count;
      sums.accept(outputs);
    }
    return { loss, sums };
  }

  /** Feeds and fetches that a graph does not have are left out. */
  async #run(session: ort.InferenceSession, feeds: Tensors, fetches: Fetches): Promise<Tensors> {
    const wanted = Object.fromEntries(session.inputNames.map((name) => [name, feeds[name]!]));
    const asked = Object.fromEntries(session.outputNames.map((name) => [name, fetches[name] ?? null]));
    const started = performance.now();
    const outputs = await session.run(wanted, asked as ort.InferenceSession.FetchesType);
    this.#runtimeMs += performance.now() - started;
    return outputs as Tensors;
  }

  /** Everything a checkpoint needs; the arrays are valid until the next step. On another device than the CPU: after `download`. */
  state(): { steps: number } & State {
    return { steps: this.#steps, ...this.#numbers };
  }

  /** Goes on from a saved state. Throws StudioError `corrupt-file` when it is one of other parameters. */
  restore(saved: { steps: number } & State): void {
    for (const role of roles) {
      if (saved[role].length !== this.parameters.length) throw new StudioError('corrupt-file', `The training checkpoint has ${saved[role].length} numbers, the network ${this.parameters.length}.`);
    }
    this.#made.state.write(saved);
    this.#steps = saved.steps;
  }

  async close(): Promise<void> {
    const { session, parts, state, fixed } = this.#made;
    for (const tensor of Object.values(fixed)) if (tensor.location !== 'cpu') tensor.dispose();
    await state.close();
    await parts?.sums.close();
    await parts?.session.release();
    await session.release();
  }
}

const fixedSpec = ({ name, shape, data }: ParameterView): ParameterSpec => ({ name, shape, init: { kind: 'table', data }, trainable: false });

const scalar = (x: number): ort.Tensor => new ort.Tensor('float32', Float32Array.of(x), []);
const numberOf = (tensor: ort.Tensor): number => (tensor.data as Float32Array)[0]!;

/** Throws StudioError `invalid-input` where the rows cannot be shared out equally. */
function partShape(name: string, shape: readonly number[], parts: number): number[] {
  const [rows, ...rest] = shape;
  if (rows === undefined || rows % parts !== 0) throw new StudioError('invalid-input', `Input '${name}' of shape [${shape}] cannot be cut into ${parts} equal parts.`);
  return [rows / parts, ...rest];
}

/** Part number `part` of `parts` of each input, along its first axis. */
function dataFeeds(inputs: Record<string, Data>, part = 0, parts = 1): Tensors {
  return Object.fromEntries(Object.entries(inputs).map(([name, { data, shape }]) => {
    if (parts === 1) return [`in/${name}`, new ort.Tensor(data, [...shape])];
    const length = data.length / parts;
    return [`in/${name}`, new ort.Tensor(data.subarray(part * length, (part + 1) * length), partShape(name, shape, parts))];
  }));
}
