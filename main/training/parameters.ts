// Trainable parameters: their shapes, where they start, and their state (values, moments, average) in flat buffers.
import { StudioError } from '../contract/errors.ts';
import type { TensorToWrite } from '../checkpoints/safetensors.ts';
import { sizeOf } from '../graph/values.ts';
import { TrainingRandom } from './random.ts';

export type Init =
  | { kind: 'zeros' }
  | { kind: 'ones' }
  | { kind: 'normal'; deviation: number }
  /** Glorot: uniform with variance 2/(fanIn + fanOut). */
  | { kind: 'xavier'; fanIn: number; fanOut: number }
  /** Given numbers, kept as they are. */
  | { kind: 'table'; data: Float32Array };

export interface ParameterSpec {
  name: string;
  shape: readonly number[];
  init: Init;
  /** false: stored with the network, never changed. */
  trainable: boolean;
}

function initialise({ kind, ...rest }: Init, length: number, random: TrainingRandom): Float32Array {
  const options = rest as Partial<{ deviation: number; fanIn: number; fanOut: number; data: Float32Array }>;
  switch (kind) {
    case 'zeros': return new Float32Array(length);
    case 'ones': return new Float32Array(length).fill(1);
    case 'normal': return random.normals(length).map((x) => x * options.deviation!);
    case 'xavier': {
      const limit = Math.sqrt(6 / (options.fanIn! + options.fanOut!));
      return Float32Array.from({ length }, () => (2 * random.uniform() - 1) * limit);
    }
    case 'table': return options.data!;
  }
}

export interface ParameterView {
  name: string;
  shape: readonly number[];
  data: Float32Array;
}

/**
 * One parameter's numbers as `tensors` have them, under its name without `prefix`; not copied. Throws StudioError `corrupt-file` when
 * there is none or it has another shape.
 */
export function foundIn(tensors: ReadonlyMap<string, { shape: readonly number[]; data: Float32Array }>, { name, shape }: Pick<ParameterSpec, 'name' | 'shape'>, prefix = ''): ParameterView {
  const found = tensors.get(name.slice(prefix.length));
  if (!found) throw new StudioError('corrupt-file', `The checkpoint has no tensor '${name}'.`);
  if (found.shape.join() !== shape.join()) throw new StudioError('corrupt-file', `Tensor '${name}' is [${found.shape}] in the checkpoint but [${shape}] in the network.`);
  return { name, shape, data: found.data };
}

/** All parameters of a training job. One flat buffer for each role, so that a checkpoint is four long tensors. */
export class Parameters {
  readonly specs: readonly ParameterSpec[];
  readonly #places = new Map<string, { spec: ParameterSpec; offset: number }>();
  readonly length: number;
  values: Float32Array;

  /** Fresh parameters; `seed` decides the random ones, each by its own name. */
  constructor(specs: readonly ParameterSpec[], seed: number) {
    this.specs = specs;
    let length = 0;
    for (const spec of specs) {
      if (this.#places.has(spec.name)) throw new Error(`Parameter '${spec.name}' is declared twice.`);
      this.#places.set(spec.name, { spec, offset: length });
      length += sizeOf(spec.shape);
    }
    this.length = length;
    this.values = new Float32Array(length);
    specs.forEach(({ name, shape, init }, i) => this.view(this.values, name).data.set(initialise(init, sizeOf(shape), new TrainingRandom(seed, 1, i))));
  }

  /** One parameter's part of a flat buffer of this layout. */
  view(buffer: Float32Array, name: string): ParameterView {
    const place = this.#places.get(name);
    if (!place) throw new Error(`There is no parameter '${name}'.`);
    const { spec: { shape }, offset } = place;
    return { name, shape, data: buffer.subarray(offset, offset + sizeOf(shape)) };
  }

  views(buffer: Float32Array, filter: (spec: ParameterSpec) => boolean = () => true): ParameterView[] {
    return this.specs.filter(filter).map(({ name }) => this.view(buffer, name));
  }

  /** Overwrites values by name. Throws StudioError `corrupt-file` when a tensor is missing or has another shape. */
  load(tensors: ReadonlyMap<string, { shape: readonly number[]; data: Float32Array }>, prefix = ''): void {
    for (const spec of this.specs) {
      if (spec.name.startsWith(prefix)) this.view(this.values, spec.name).data.set(foundIn(tensors, spec, prefix).data);
    }
  }

  /** Tensors of one network, its prefix taken off, for `writeCheckpointComponent`. */
  export(buffer: Float32Array, prefix: string, dtype: 'F16' | 'F32'): TensorToWrite[] {
    return this.views(buffer, ({ name }) => name.startsWith(prefix))
      .map(({ name, shape, data }) => ({ name: name.slice(prefix.length), shape: [...shape], dtype, data }));
  }
}
