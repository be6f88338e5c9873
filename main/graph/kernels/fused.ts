// Operators that tfjs does not have, recorded as one fused ONNX node each. networks/layers.ts calls them and has the
// composed form for other backends and for gradients.
import { kernel } from '../backend.ts';
import type { Recorder } from '../recorder.ts';
import { float, int, string, type Value } from '../values.ts';

/** Names of the studio's own kernels. */
export const fused = { layerNorm: 'LayerNormLastAxis', rmsNorm: 'RmsNormLastAxis', gelu: 'Gelu', attention: 'MultiHeadAttention', upsample: 'UpsampleNearestChannelsFirst' } as const;

export function registerFused(): void {
  /** y = (x − mean)/√(var + ε) over the last axis, and 1/√(var + ε) for the gradient. */
  kernel<{ epsilon: number }>(fused.layerNorm, ({ recorder: r, input, optional, attrs }) => {
    const x = input('x');
    const width = x.shape.at(-1)!;
    const scale = optional('scale') ?? r.splat(1, 'float32', [width]);
    // ONNX makes the bias optional, but the runtime's SkipLayerNormFusion (1.30) crashes where it is left out.
    const bias = optional('bias') ?? r.splat(0, 'float32', [width]);
    const statistics = [...x.shape.slice(0, -1), 1];
    const [y, , inverse] = r.nodes('LayerNormalization', [x, scale, bias],
      [{ dtype: x.dtype, shape: x.shape }, { dtype: 'float32', shape: statistics }, { dtype: 'float32', shape: statistics }],
      { attributes: { axis: int(-1), epsilon: float(attrs.epsilon) } });
    return [y!, r.statistics ? inverse! : inverseOf(r, x, attrs.epsilon)];
  });
  /** y = x/√(mean(x²) + ε)·scale over the last axis. */
  kernel<{ epsilon: number }>(fused.rmsNorm, ({ recorder, input, attrs }) =>
    recorder.node('SimplifiedLayerNormalization', [input('x'), input('scale')], input('x').dtype, input('x').shape, { attributes: { axis: int(-1), epsilon: float(attrs.epsilon) } }));
  kernel<{ approximate: 'none' | 'tanh' }>(fused.gelu, ({ recorder, input, attrs }) =>
    recorder.node('Gelu', [input('x')], input('x').dtype, input('x').shape, { attributes: { approximate: string(attrs.approximate) } }));
  /** q, k, v: [batch, tokens, heads·width]. */
  kernel<{ heads: number }>(fused.attention, ({ recorder, input, attrs }) =>
    recorder.node('MultiHeadAttention', [input('q'), input('k'), input('v')], input('q').dtype, input('q').shape,
      { domain: 'com.microsoft', attributes: { num_heads: int(attrs.heads) } }));
  /** [n, c, h, w] with each pixel repeated `factor` times in both directions. */
  kernel<{ factor: number }>(fused.upsample, ({ recorder, input, attrs: { factor } }) => {
    const x = input('x');
    const [n, c, h, w] = x.shape as [number, number, number, number];
    const scales = recorder.constant(Float32Array.of(1, 1, factor, factor), 'float32', [4]);
    return recorder.node('Resize', [x, null, scales], x.dtype, [n, c, h * factor, w * factor],
      { attributes: { mode: string('nearest'), coordinate_transformation_mode: string('asymmetric'), nearest_mode: string('floor') } });
  });
}

/** 1/√(var + ε) over the last axis, in operators that every provider has. */
function inverseOf(r: Recorder, x: Value, epsilon: number): Value {
  const shape = [...x.shape.slice(0, -1), 1];
  const mean = (of: Value): Value => r.node('ReduceMean', [of, r.int64([-1])], x.dtype, shape, { attributes: { keepdims: int(1) } });
  const centred = r.node('Sub', [x, mean(x)], x.dtype, x.shape);
  const variance = mean(r.node('Mul', [centred, centred], x.dtype, x.shape));
  const deviation = r.node('Sqrt', [r.elementwise('Add', [variance, r.splat(epsilon, x.dtype, shape)], x.dtype, shape)], x.dtype, shape);
  return r.node('Reciprocal', [deviation], x.dtype, shape);
}
