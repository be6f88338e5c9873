// Where the numbers of a training run lie between its steps: in two flat buffers of the host that take turns, or in the memory of the
// device that computes. Knows how the runtime is fed and nothing of what is learned.
import * as ort from 'onnxruntime-node';
import { canKeepOutputs, openSession, type SessionOptions } from '../graph/session.ts';
import { trace, type TensorSpec } from '../graph/trace.ts';
import type { Parameters, ParameterSpec } from './parameters.ts';

export type Tensors = Record<string, ort.Tensor>;
/** null: the runtime makes a tensor for it. */
export type Fetches = Record<string, ort.Tensor | null>;

/** Flat arrays in the layout of all parameters. */
export type Numbers<R extends string> = Record<R, Float32Array>;

/** Some numbers, `R`, for every parameter: what one run reads of them and what the next one reads instead. */
export interface Memory<R extends string> {
  /** `<role>/<parameter>`: the value of every parameter, all else of those that train. */
  feeds(): Promise<Tensors>;
  /** `new_<role>/<parameter>`, of those that train. What a graph has no such output for stays as it is. */
  readonly fetches: Fetches;
  /** What a run with these feeds and fetches has made is fed from now on. */
  accept(outputs: Readonly<Tensors>): void;
  /** It is not wanted. */
  refuse(outputs: Readonly<Tensors>): void;
  /** As they are in the host's memory, until more is accepted; null: only the device has them. */
  readonly numbers: Numbers<R> | null;
  read(): Promise<Numbers<R>>;
  write(numbers: Numbers<R>): void;
  clear(): void;
  close(): Promise<void>;
}

export interface Layout<R extends string> {
  readonly parameters: Parameters;
  readonly roles: readonly R[];
}

/** `start`: becomes the memory's own. On the device where the runtime can keep a run's results there, else with the host. */
export async function openMemory<R extends string>(layout: Layout<R>, start: Numbers<R>, session: SessionOptions): Promise<Memory<R>> {
  return canKeepOutputs(session) ? DeviceMemory.open(layout, start, session) : new HostMemory(layout, start);
}

/** Of a role that is fed. */
const fed = <R extends string>({ parameters }: Layout<R>, role: R): readonly ParameterSpec[] =>
  (role === 'value' ? parameters.specs : parameters.specs.filter(({ trainable }) => trainable));

/** Under `<role>/<parameter>`. */
function tensorsOver<R extends string>(layout: Layout<R>, numbers: Numbers<R>): Tensors {
  const tensors: Tensors = {};
  for (const role of layout.roles) {
    for (const { name, shape } of fed(layout, role)) tensors[`${role}/${name}`] = new ort.Tensor('float32', layout.parameters.view(numbers[role], name).data, [...shape]);
  }
  return tensors;
}

function fetchesOf<R extends string>({ parameters, roles }: Layout<R>, of: (name: string) => ort.Tensor | null): Fetches {
  const trainable = parameters.specs.filter((spec) => spec.trainable);
  return Object.fromEntries(roles.flatMap((role) => trainable.map(({ name }) => [`new_${role}/${name}`, of(`${role}/${name}`)])));
}

/**
 * A run writes to the buffers that the one before has read. The runtime for Node hands back a copy of every output all the same, also of
 * those that were told where to go (onnxruntime 1.30); it is let go at once, or the collector would let several of them pile up.
 */
class HostMemory<R extends string> implements Memory<R> {
  #current: Buffers<R>;
  #next: Buffers<R>;

  constructor(layout: Layout<R>, start: Numbers<R>) {
    const copy = Object.fromEntries(layout.roles.map((role) => [role, Float32Array.from(start[role])])) as Numbers<R>;
    this.#current = buffersOver(layout, start);
    this.#next = buffersOver(layout, copy);
  }

  feeds(): Promise<Tensors> {
    return Promise.resolve(this.#current.feeds);
  }

  get fetches(): Fetches {
    return this.#next.fetches;
  }

  accept(outputs: Readonly<Tensors>): void {
    this.refuse(outputs);
    [this.#current, this.#next] = [this.#next, this.#current];
  }

  refuse(outputs: Readonly<Tensors>): void {
    const bufferOf = (tensor: ort.Tensor): ArrayBuffer => (tensor.data as Float32Array<ArrayBuffer>).buffer;
    for (const [name, target] of Object.entries(this.fetches)) {
      const output = outputs[name];
      if (output && target && bufferOf(output) !== bufferOf(target)) bufferOf(output).transfer(0);
    }
  }

  get numbers(): Numbers<R> {
    return this.#current.numbers;
  }

  read(): Promise<Numbers<R>> {
    return Promise.resolve(this.numbers);
  }

  write(numbers: Numbers<R>): void {
    // What never trains is never written by a run: both buffers must have it.
    for (const { numbers: own } of [this.#current, this.#next]) for (const role of Object.keys(own) as R[]) own[role].set(numbers[role]);
  }

  clear(): void {
    for (const own of Object.values<Float32Array>(this.numbers)) own.fill(0);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

interface Buffers<R extends string> {
  readonly numbers: Numbers<R>;
  /** Over the same numbers, made once. */
  readonly feeds: Tensors;
  readonly fetches: Fetches;
}

function buffersOver<R extends string>(layout: Layout<R>, numbers: Numbers<R>): Buffers<R> {
  const feeds = tensorsOver(layout, numbers);
  return { numbers, feeds, fetches: fetchesOf(layout, (name) => feeds[name]!) };
}

/**
 * A run's results stay on the device and are fed to the next one. The runtime for Node takes and returns tensors of a WebGPU device but
 * cannot read one, so numbers come and go through graphs that pass their inputs on.
 */
class DeviceMemory<R extends string> implements Memory<R> {
  readonly #layout: Layout<R>;
  readonly #up: ort.InferenceSession;
  readonly #down: ort.InferenceSession;
  readonly #host: Numbers<R>;
  /** Whether the host's numbers are those of the device, and the other way round. */
  #hostKnows = true;
  #deviceKnows = false;
  #tensors: Tensors = {};

  private constructor(layout: Layout<R>, host: Numbers<R>, up: ort.InferenceSession, down: ort.InferenceSession) {
    this.#layout = layout;
    this.#host = host;
    this.#up = up;
    this.#down = down;
  }

  static async open<R extends string>(layout: Layout<R>, start: Numbers<R>, session: SessionOptions): Promise<DeviceMemory<R>> {
    const names = Object.keys(tensorsOver(layout, start));
    const up = await openCarrier(tensorsOver(layout, start), { ...session, keptOutputs: names.map((name) => `new_${name}`) });
    try {
      return new DeviceMemory(layout, start, up, await openCarrier(tensorsOver(layout, start), session));
    } catch (thrown) {
      await up.release();
      throw thrown;
    }
  }

  async feeds(): Promise<Tensors> {
    if (this.#deviceKnows) return this.#tensors;
    this.#dispose();
    const outputs = await this.#up.run(tensorsOver(this.#layout, this.#host));
    this.#tensors = Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name.slice('new_'.length), tensor as ort.Tensor]));
    this.#deviceKnows = true;
    return this.#tensors;
  }

  get fetches(): Fetches {
    return fetchesOf(this.#layout, () => null);
  }

  accept(outputs: Readonly<Tensors>): void {
    for (const [name, old] of Object.entries(this.#tensors)) {
      const output = outputs[`new_${name}`];
      if (!output) continue;
      old.dispose();
      this.#tensors[name] = output;
    }
    this.#hostKnows = false;
  }

  refuse(outputs: Readonly<Tensors>): void {
    for (const name of Object.keys(this.#tensors)) outputs[`new_${name}`]?.dispose();
  }

  get numbers(): Numbers<R> | null {
    return this.#hostKnows ? this.#host : null;
  }

  async read(): Promise<Numbers<R>> {
    if (this.#hostKnows) return this.#host;
    const outputs = await this.#down.run(this.#tensors);
    for (const role of this.#layout.roles) {
      for (const { name } of fed(this.#layout, role)) this.#layout.parameters.view(this.#host[role], name).data.set(outputs[`new_${role}/${name}`]!.data as Float32Array);
    }
    this.#hostKnows = true;
    return this.#host;
  }

  write(numbers: Numbers<R>): void {
    for (const role of this.#layout.roles) this.#host[role].set(numbers[role]);
    this.#changed();
  }

  clear(): void {
    for (const role of this.#layout.roles) this.#host[role].fill(0);
    this.#changed();
  }

  async close(): Promise<void> {
    this.#dispose();
    await this.#up.release();
    await this.#down.release();
  }

  #changed(): void {
    this.#hostKnows = true;
    this.#deviceKnows = false;
  }

  #dispose(): void {
    for (const tensor of Object.values(this.#tensors)) tensor.dispose();
    this.#tensors = {};
  }
}

/** A graph that gives back each of these tensors as `new_…`. */
function openCarrier(tensors: Readonly<Tensors>, session: SessionOptions): Promise<ort.InferenceSession> {
  const specs = Object.fromEntries(Object.entries(tensors).map(([name, { dims }]): [string, TensorSpec] => [name, { dtype: 'float32', shape: dims }]));
  return openSession(trace(specs, (inputs) => Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [`new_${name}`, tensor])), { name: 'carrier' }), session);
}

/** Tensors of the host, as the runtime is best fed with them again and again. */
export async function settled(tensors: Readonly<Tensors>, session: SessionOptions): Promise<Tensors> {
  if (!canKeepOutputs(session) || Object.keys(tensors).length === 0) return { ...tensors };
  const carrier = await openCarrier(tensors, { ...session, keptOutputs: Object.keys(tensors).map((name) => `new_${name}`) });
  try {
    const outputs = await carrier.run(tensors);
    return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name.slice('new_'.length), tensor as ort.Tensor]));
  } finally {
    await carrier.release();
  }
}
