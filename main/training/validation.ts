// The validation loss: how far a student is from its teacher at points, noise levels and scales that are fixed and never trained on.
// Knows where the points come from only as teachingPoints does; it changes nothing in what is learned.
import type * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import type { TransformerConfig } from '../checkpoints/configs.ts';
import { embeddedNumber } from '../diffusion/components.ts';
import { openSession, type SessionOptions } from '../graph/session.ts';
import { trace, type TensorSpec } from '../graph/trace.ts';
import type { PromptSource } from './distillation-source.ts';
import { repeated, type TeacherText } from './distillation-text.ts';
import type { TeachingPoints } from './distillation-points.ts';
import type { Beginning } from './distillation-start.ts';
import type { StudentInput } from './objectives.ts';
import type { Parameters } from './parameters.ts';
import { TrainingRandom } from './random.ts';
import type { Loss } from './trainer.ts';

/** Points it is measured at: few enough to cost a fraction of a training step, enough that it hardly jumps. */
export const validationPoints = 64;
/** Evaluated together. */
const batch = 32;

type Feeds = Record<`in/${StudentInput}`, ort.Tensor>;

export interface ValidationSetup {
  readonly config: TransformerConfig;
  /** What is trained to be small. */
  readonly loss: Loss<StudentInput>;
  readonly beginning: Pick<Beginning, 'parameters' | 'fixed'>;
  readonly text: TeacherText;
  /** Of another seed, or another source, than those that are trained on. */
  readonly points: TeachingPoints;
  readonly source: PromptSource;
  readonly seed: number;
  readonly session: SessionOptions;
}

export class Validation {
  readonly #session: ort.InferenceSession;
  readonly #parameters: Parameters;
  /** What only has a value. */
  readonly #fixed: Readonly<Record<string, ort.Tensor>>;
  readonly #batches: readonly Feeds[];

  private constructor(session: ort.InferenceSession, { parameters, fixed }: ValidationSetup['beginning'], batches: readonly Feeds[]) {
    this.#session = session;
    this.#parameters = parameters;
    this.#fixed = Object.fromEntries(fixed.map(({ name, shape, data }) => [`value/${name}`, new ort.Tensor('float32', data, [...shape])]));
    this.#batches = batches;
  }

  /** Encodes the points' prompts and traces the student once. Points beyond a multiple of the batch are left out, unless there is but one batch. */
  static async open(setup: ValidationSetup): Promise<Validation> {
    const { beginning, points: { count } } = setup;
    const size = Math.min(batch, count);
    const batches: Feeds[] = [];
    for (let start = 0; start + size <= count; start += size) batches.push(await feedsOf(setup, start, size));
    const inputs = Object.entries<ort.Tensor>(batches[0]!).map(([name, { dims }]): [string, TensorSpec] => [name, { dtype: 'float32', shape: dims }]);
    const values = [...beginning.parameters.specs, ...beginning.fixed].map(({ name, shape }): [string, TensorSpec] => [`value/${name}`, { dtype: 'float32', shape }]);
    const graph = trace(Object.fromEntries([...inputs, ...values]), (tensors) => {
      const data = Object.fromEntries(inputs.map(([name]) => [name.slice('in/'.length), tensors[name]!])) as Record<StudentInput, tf.Tensor>;
      return { loss: setup.loss((name) => tensors[`value/${name}`]!, data) };
    }, { name: 'validation' });
    return new Validation(await openSession(graph, setup.session), beginning, batches);
  }

  /** What is trained to be small, the mean square of the velocity's error or a weighted one over all points. `weights`: in the parameters' layout. */
  async loss(weights: Float32Array): Promise<number> {
    const values = Object.fromEntries(this.#parameters.specs.map(({ name, shape }) =>
      [`value/${name}`, new ort.Tensor('float32', this.#parameters.view(weights, name).data, [...shape])]));
    let sum = 0;
    for (const feeds of this.#batches) {
      const { loss } = await this.#session.run({ ...this.#fixed, ...values, ...feeds });
      sum += (loss!.data as Float32Array)[0]!;
    }
    return sum / this.#batches.length;
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}

async function feedsOf({ config, text, points, source, seed }: ValidationSetup, start: number, size: number): Promise<Feeds> {
  const latents = new Float32Array(size * points.length);
  const target = new Float32Array(size * points.length);
  const conditional = new Float32Array(size * points.length);
  const [sigma, guidance] = [new Float32Array(size), new Float32Array(size)];
  const prompts: string[] = [];
  for (let b = 0; b < size; b++) {
    const index = start + b;
    const scale = points.scale(index, new TrainingRandom(seed, 9, index));
    sigma[b] = points.read(index, scale, { latents, target, conditional }, b * points.length);
    guidance[b] = embeddedNumber(config, scale);
    prompts.push(source.caption(points.item(index)));
  }
  const { tokens, pooled } = await text.encode(prompts);
  const picture = [size, config.in_channels, config.sample_size, config.sample_size];
  const feed = (data: Float32Array, shape: readonly number[]) => new ort.Tensor('float32', data, [...shape]);
  return {
    'in/latents': feed(latents, picture), 'in/target': feed(target, picture), 'in/conditional': feed(conditional, picture), 'in/sigma': feed(sigma, [size]), 'in/guidance': feed(guidance, [size]),
    'in/tokens': feed(tokens, [size, text.maxTokens, config.joint_attention_dim]), 'in/pooled': feed(pooled, [size, config.pooled_projection_dim]),
    'in/null_pooled': feed(repeated(text.empty.pooled, size), [size, config.pooled_projection_dim]),
  };
}
