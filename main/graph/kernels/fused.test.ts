// Layer normalisation for providers that return no statistics: the same gradients, and nothing read but the first output.
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { layerNorm, type Weights } from '../../networks/layers.ts';
import { floats, relativeError, runGraph } from '../testing.ts';
import { trace } from '../trace.ts';
import type { Graph } from '../values.ts';

const data = { x: floats([3, 5, 8], 1), weight: floats([8], 2), bias: floats([8], 3), toward: floats([3, 5, 8], 4) };

const gradients = (statistics: boolean): Graph => trace(data, (t) => {
  const loss = (x: tf.Tensor, weight: tf.Tensor): tf.Scalar => {
    const w: Weights = (name) => (name === 'weight' ? weight : t.bias);
    return layerNorm(w, x.square(), 1e-3).mul(t.toward).sum();
  };
  const { value, grads } = tf.valueAndGrads(loss as (...of: tf.Tensor[]) => tf.Scalar)([t.x, t.weight]);
  return { loss: value, 'gradient x': grads[0]!, 'gradient weight': grads[1]! };
}, { mode: 'training', statistics });

it('needs no statistics of its operator', async () => {
  const [usual, without] = [gradients(true), gradients(false)];
  const [expected, actual] = [await runGraph(usual, data), await runGraph(without, data)];
  for (const [name, { data: values }] of expected) expect(relativeError(actual.get(name)!.data, values), name).toBeLessThan(1e-5);
  const readOf = ({ nodes }: Graph): number[] => {
    const read = new Set(nodes.flatMap(({ inputs }) => inputs));
    return nodes.filter(({ op }) => op.endsWith('LayerNormalization')).map(({ outputs }) => outputs.filter((value) => read.has(value)).length);
  };
  expect(readOf(without)).toEqual([1]);
  expect(readOf(usual)).toEqual([2]);
});
