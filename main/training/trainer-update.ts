// What one step does to one parameter, as tensors: AdamW or Muon, and the running average. Knows neither losses nor sessions.
import * as tf from '@tensorflow/tfjs';
import type { ParameterSpec } from './parameters.ts';

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

export type Settings = Required<OptimizerOptions>;

export const settingsOf = (options: OptimizerOptions): Settings =>
  ({ beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.01, clipNorm: 1, muon: () => false, muonSize: 0.2, ...options });

/** What a step keeps of every parameter. */
export type Role = 'value' | 'first' | 'second' | 'average';
export const roles: readonly Role[] = ['value', 'first', 'second', 'average'];

export interface StepTensors { parameter: tf.Tensor; gradient: tf.Tensor; first: tf.Tensor; second: tf.Tensor; average: tf.Tensor }
export interface Scalars { learningRate: tf.Tensor; firstBias: tf.Tensor; secondBias: tf.Tensor; averageRate: tf.Tensor; shrink: tf.Tensor }

/** AdamW (Loshchilov & Hutter 2019) for one parameter, and its exponential average. */
function adamw(t: StepTensors, s: Scalars, decays: boolean, o: Settings): Record<Role, tf.Tensor> {
  // Factors meet as single numbers before they meet a tensor: each saves a pass over every parameter.
  const first = t.first.mul(o.beta1).add(t.gradient.mul(s.shrink.mul(1 - o.beta1)));
  const second = t.second.mul(o.beta2).add(t.gradient.square().mul(s.shrink.square().mul(1 - o.beta2)));
  const root = s.secondBias.sqrt();
  const update = first.div(second.sqrt().add(tf.div(o.epsilon, root))).mul(s.learningRate.mul(s.firstBias).div(root));
  const kept = decays && o.weightDecay > 0 ? t.parameter.mul(tf.sub(1, s.learningRate.mul(o.weightDecay))) : t.parameter;
  const value = kept.sub(update);
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
function muon(t: StepTensors, s: Scalars, o: Settings): Record<Role, tf.Tensor> {
  const first = t.first.mul(muonMomentum).add(t.gradient);
  const direction = orthogonalised(t.gradient.add(first.mul(muonMomentum)));
  const update = direction.mul(o.muonSize * Math.sqrt(Math.max(...t.parameter.shape)));
  const value = t.parameter.sub(update.add(t.parameter.mul(o.weightDecay)).mul(s.learningRate));
  return { value, first, second: t.second, average: t.average.add(value.sub(t.average).mul(s.averageRate)) };
}

/** One parameter after the step. */
export const updated = (spec: ParameterSpec, tensors: StepTensors, scalars: Scalars, settings: Settings): Record<Role, tf.Tensor> =>
  settings.muon(spec) ? muon(tensors, scalars, settings) : adamw(tensors, scalars, spec.shape.length > 1, settings);

/** The matrices inside a transformer's blocks and a text encoder's layers: those that Muon is for. */
export const innerMatrices = ({ name, shape }: Pick<ParameterSpec, 'name' | 'shape'>): boolean => shape.length === 2 && /(blocks|layers)\..*(attn|ff|mlp)/.test(name);
