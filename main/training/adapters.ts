// Low-rank adapters (LoRA; Hu et al., arXiv 2106.09685): which matrices of a transformer they stand beside, their pairs as parameters, and the
// weights that a network sees through them. The networks know nothing of adapters; this module knows nothing of files.
import * as tf from '@tensorflow/tfjs';
import type { TransformerConfig } from '../checkpoints/configs.ts';
import type { Lora } from '../contract/distillation.ts';
import { StudioError } from '../contract/errors.ts';
import type { Weights } from '../networks/layers.ts';
import { mmditParameters } from './networks.ts';
import { prefixes } from './objectives.ts';
import type { ParameterSpec } from './parameters.ts';
import type { Loss } from './trainer.ts';

export interface Adapters {
  readonly rank: number;
  readonly alpha: number;
  /** Full names of the adapted linear maps, their weight's name without `.weight`. */
  readonly modules: readonly string[];
}

/** Names of a module's pair, as diffusers' files have them. A: [rank, in], B: [out, rank]. */
export const pairNames = (module: string): { a: string; b: string } => ({ a: `${module}.lora_A.weight`, b: `${module}.lora_B.weight` });

/** Of B·A, beside the matrix itself. */
export const factorOf = ({ rank, alpha }: Pick<Adapters, 'rank' | 'alpha'>): number => alpha / rank;

/** Attention and feed-forward of every block, both streams. */
const inBlocks = /^transformer_blocks\.\d+\.(attn\.(to_[qkv]|to_out\.0|add_[qkv]_proj|to_add_out)|ff(_context)?\.net\.(0\.proj|2))\.weight$/;
/** What makes and reads the vector that knows the guidance scale: without these a frozen term would have to do. */
const conditioning = /^(time_text_embed\.(timestep|text)_embedder\.linear_[12]|transformer_blocks\.\d+\.norm1(_context)?\.linear|norm_out\.linear)\.weight$/;

const weight = '.weight';

/** The adapted matrices: those that something reads. */
function adaptedSpecs(config: TransformerConfig): ParameterSpec[] {
  return mmditParameters(config).filter(({ name, trainable }) => trainable && (inBlocks.test(name) || conditioning.test(name)));
}

/** Throws StudioError `invalid-input` for a rank above the narrowest side of a matrix: a whole matrix would be smaller. */
export function adaptersOf(config: TransformerConfig, { rank, alpha }: Lora): Adapters {
  const specs = adaptedSpecs(config);
  for (const { name, shape } of specs) {
    if (rank > Math.min(...shape)) {
      throw new StudioError('invalid-input', `Adapters of rank ${rank} are wider than '${name}', which is [${shape.join(', ')}].`, { hint: `Choose a rank of at most ${narrowest(specs)}, or train all weights.` });
    }
  }
  return { rank, alpha: alpha ?? rank, modules: specs.map(({ name }) => prefixes.transformer + name.slice(0, -weight.length)) };
}

const narrowest = (specs: readonly ParameterSpec[]): number => Math.min(...specs.flatMap(({ shape }) => shape));

/**
 * The pairs as parameters. B starts at zero, so that a student starts where its teacher is; A's deviation 1/√rank lets one step of AdamW
 * move a number of B·A by about the learning rate, as it would move one of the whole matrix.
 */
export function adapterParameters(config: TransformerConfig, { rank }: Adapters): ParameterSpec[] {
  return adaptedSpecs(config).flatMap(({ name, shape }): ParameterSpec[] => {
    const { a, b } = pairNames(prefixes.transformer + name.slice(0, -weight.length));
    const [out, into] = shape as [number, number];
    return [
      { name: a, shape: [rank, into], init: { kind: 'normal', deviation: 1 / Math.sqrt(rank) }, trainable: true },
      { name: b, shape: [out, rank], init: { kind: 'zeros' }, trainable: true },
    ];
  });
}

/** The same weights, the adapted ones as W + (alpha/rank)·B·A. A product is made once, however often its weight is asked for. */
function throughAdapters(w: Weights, adapters: Adapters): Weights {
  const factor = factorOf(adapters);
  const modules = new Set(adapters.modules);
  const made = new Map<string, tf.Tensor>();
  return (name) => {
    const module = name.endsWith(weight) ? name.slice(0, -weight.length) : '';
    if (!modules.has(module)) return w(name);
    const known = made.get(name);
    if (known) return known;
    const { a, b } = pairNames(module);
    const product = tf.matMul(w(b), w(a));
    const adapted = w(name).add(factor === 1 ? product : product.mul(factor));
    made.set(name, adapted);
    return adapted;
  };
}

/** A loss over the weights that a network sees through `adapters`. */
export const adaptedLoss = <I extends string>(loss: Loss<I>, adapters: Adapters): Loss<I> => (w, inputs) => loss(throughAdapters(w, adapters), inputs);
