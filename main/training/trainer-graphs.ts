// A training step as a recorded graph: loss, gradients, clipping, the optimiser and the running average. Or as two, for a batch in parts:
// one adds a part's gradients to a sum, the other steps by the sum.
// Names its inputs `in/…`, `value/…`, `gradient/…`, `first/…`, `second/…`, `average/…`, its outputs `new_…`. Knows nothing of the runtime.
import * as tf from '@tensorflow/tfjs';
import { trace, type TensorSpec, type TraceOptions } from '../graph/trace.ts';
import type { Graph } from '../graph/values.ts';
import type { Weights } from '../networks/layers.ts';
import type { ParameterSpec } from './parameters.ts';
import { roles, updated, type Scalars, type Settings } from './trainer-update.ts';

export type Loss<I extends string> = (w: Weights, inputs: Record<I, tf.Tensor>) => tf.Tensor;

type Specs = Record<string, TensorSpec>;
type Tensors = Record<string, tf.Tensor>;
/** See `trace`. */
export type Recording = Pick<TraceOptions, 'recompute' | 'statistics'>;

const scalar: TensorSpec = { dtype: 'float32', shape: [] };
const stepNumbers: Specs = { learning_rate: scalar, first_bias: scalar, second_bias: scalar, average_rate: scalar };

const trainableOf = (specs: readonly ParameterSpec[]): ParameterSpec[] => specs.filter(({ trainable }) => trainable);

const dataSpecs = (inputs: Specs): Specs => Object.fromEntries(Object.entries(inputs).map(([name, spec]) => [`in/${name}`, spec]));

function stateSpecs(specs: readonly ParameterSpec[]): Specs {
  const all: Specs = {};
  for (const { name, shape, trainable } of specs) {
    all[`value/${name}`] = { dtype: 'float32', shape };
    if (trainable) for (const role of ['first', 'second', 'average']) all[`${role}/${name}`] = { dtype: 'float32', shape };
  }
  return all;
}

const gradientSpecs = (specs: readonly ParameterSpec[]): Specs =>
  Object.fromEntries(trainableOf(specs).map(({ name, shape }) => [`gradient/${name}`, { dtype: 'float32', shape }]));

/** The loss and its gradients in the order of the trainable parameters. */
function lossAndGradients<I extends string>(specs: readonly ParameterSpec[], inputs: readonly I[], loss: Loss<I>, tensors: Tensors): { value: tf.Tensor; grads: tf.Tensor[] } {
  const trainable = trainableOf(specs);
  const fixed = specs.filter((spec) => !spec.trainable).map(({ name }): [string, tf.Tensor] => [name, tensors[`value/${name}`]!]);
  const data = Object.fromEntries(inputs.map((name) => [name, tensors[`in/${name}`]!])) as Record<I, tf.Tensor>;
  const forward = (...values: tf.Tensor[]): tf.Tensor<tf.Rank.R0> => {
    const lookup = new Map([...fixed, ...trainable.map(({ name }, i): [string, tf.Tensor] => [name, values[i]!])]);
    return loss((name) => {
      const tensor = lookup.get(name);
      if (!tensor) throw new Error(`The network asks for a parameter '${name}' that it does not have.`);
      return tensor;
    }, data) as tf.Tensor<tf.Rank.R0>;
  };
  return tf.valueAndGrads(forward)(trainable.map(({ name }) => tensors[`value/${name}`]!));
}

/** Length of the whole gradient, and what the step changes of all parameters. */
function update(specs: readonly ParameterSpec[], grads: readonly tf.Tensor[], tensors: Tensors, settings: Settings): Tensors {
  // From the last layer's to the first's, as they become known: the runtime works off a sum from its front, and until it has used a gradient it
  // keeps what that is made of.
  const norm = tf.addN(grads.toReversed().map((g) => g.square().sum())).sqrt();
  const scalars: Scalars = {
    learningRate: tensors['learning_rate']!, firstBias: tensors['first_bias']!, secondBias: tensors['second_bias']!, averageRate: tensors['average_rate']!,
    shrink: tf.minimum(tf.scalar(1), tf.div(settings.clipNorm, norm.add(1e-6))),
  };
  const outputs: Tensors = { gradient_norm: norm };
  trainableOf(specs).forEach((spec, i) => {
    const { name } = spec;
    const after = updated(spec, {
      parameter: tensors[`value/${name}`]!, gradient: grads[i]!, first: tensors[`first/${name}`]!, second: tensors[`second/${name}`]!, average: tensors[`average/${name}`]!,
    }, scalars, settings);
    // What a step leaves as it is, such as the second moment under Muon, is no output: each one costs the runtime two passes over it.
    for (const role of roles) if (after[role] !== tensors[`${role}/${name}`]) outputs[`new_${role}/${name}`] = after[role];
  });
  return outputs;
}

/** The whole step as one graph. Throws an Error that names a parameter or an operation that there is not. */
export function stepGraph<I extends string>(specs: readonly ParameterSpec[], inputs: Record<I, TensorSpec>, loss: Loss<I>, settings: Settings, how: Recording = {}): Graph {
  return trace({ ...stepNumbers, ...dataSpecs(inputs), ...stateSpecs(specs) }, (tensors) => {
    const { value, grads } = lossAndGradients(specs, Object.keys(inputs) as I[], loss, tensors);
    return { loss: value, ...update(specs, grads, tensors, settings) };
  }, { ...how, name: 'training_step', mode: 'training' });
}

/** One part's loss, and `new_gradient/…`: `gradient/…` plus its gradients times `share`. Throws as `stepGraph`. */
export function gradientGraph<I extends string>(specs: readonly ParameterSpec[], inputs: Record<I, TensorSpec>, loss: Loss<I>, share: number, how: Recording = {}): Graph {
  const values = Object.fromEntries(specs.map(({ name, shape }): [string, TensorSpec] => [`value/${name}`, { dtype: 'float32', shape }]));
  return trace({ ...dataSpecs(inputs), ...values, ...gradientSpecs(specs) }, (tensors) => {
    const { value, grads } = lossAndGradients(specs, Object.keys(inputs) as I[], loss, tensors);
    const sums = trainableOf(specs).map(({ name }, i): [string, tf.Tensor] => [`new_gradient/${name}`, tensors[`gradient/${name}`]!.add(grads[i]!.mul(share))]);
    return { loss: value, ...Object.fromEntries(sums) };
  }, { ...how, name: 'training_gradient', mode: 'training' });
}

/** The step by the gradients `gradient/…`. */
export function updateGraph(specs: readonly ParameterSpec[], settings: Settings): Graph {
  const trainable = trainableOf(specs);
  return trace({ ...stepNumbers, ...gradientSpecs(specs), ...stateSpecs(trainable) },
    (tensors) => update(specs, trainable.map(({ name }) => tensors[`gradient/${name}`]!), tensors, settings),
    { name: 'training_update', mode: 'training' });
}
