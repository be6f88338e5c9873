// CLIP's text encoder as a function over tensors. Parameter names are those of CLIPTextModelWithProjection.
import * as tf from '@tensorflow/tfjs';
import type { TextEncoderConfig } from './configs.ts';
import { at, attention, gelu, layerNorm, linear, quickGelu, type Weights } from './layers.ts';

export interface ClipOutputs {
  /** Hidden states after the last layer but one, [batch, tokens, width]: what SD3 reads. */
  penultimate: tf.Tensor;
  /** After the last layer and its norm. */
  last: tf.Tensor;
  /** Projected state of the end token, [batch, projection_dim]. */
  pooled: tf.Tensor;
}

/** Scores of later tokens are pushed out of the softmax. */
const causalMask = (tokens: number): tf.Tensor =>
  tf.tensor(Float32Array.from({ length: tokens * tokens }, (_, i) => (i % tokens > Math.floor(i / tokens) ? -1e9 : 0)), [1, 1, tokens, tokens]);

/** ids [batch, tokens] int32; `end` [batch] int32: position of the end token (see `endPosition`). */
export function clipTextEncoder(config: TextEncoderConfig, weights: Weights, ids: tf.Tensor, end: tf.Tensor): ClipOutputs {
  const w = at(weights, 'text_model');
  const [batch, tokens] = ids.shape as [number, number];
  const width = config.hidden_size;
  const activation = config.hidden_act === 'quick_gelu' ? quickGelu : gelu;
  const mask = causalMask(tokens);
  const positions = w('embeddings.position_embedding.weight').slice([0, 0], [tokens, width]);
  let x = tf.gather(w('embeddings.token_embedding.weight'), ids.reshape([-1]) as tf.Tensor1D).reshape([batch, tokens, width]).add(positions);
  let penultimate = x;
  for (let i = 0; i < config.num_hidden_layers; i++) {
    penultimate = x;
    const layer = at(w, `encoder.layers.${i}`);
    const normal = layerNorm(at(layer, 'layer_norm1'), x, config.layer_norm_eps);
    const attn = at(layer, 'self_attn');
    const mixed = attention([linear(at(attn, 'q_proj'), normal)], [linear(at(attn, 'k_proj'), normal)], [linear(at(attn, 'v_proj'), normal)], config.num_attention_heads, mask);
    x = x.add(linear(at(attn, 'out_proj'), mixed));
    const hidden = activation(linear(at(layer, 'mlp.fc1'), layerNorm(at(layer, 'layer_norm2'), x, config.layer_norm_eps)));
    x = x.add(linear(at(layer, 'mlp.fc2'), hidden));
  }
  const last = layerNorm(at(w, 'final_layer_norm'), x, config.layer_norm_eps);
  const rows = end.add(tf.tensor1d(Int32Array.from({ length: batch }, (_, i) => i * tokens), 'int32'));
  const ending = tf.gather(last.reshape([batch * tokens, width]), rows as tf.Tensor1D);
  return { penultimate, last, pooled: linear(at(weights, 'text_projection'), ending, { bias: false }) };
}

/** Where a sequence's end token stands. A config with `eos_token_id: 2` (an old mistake) means the largest id. */
export function endPosition(ids: readonly number[], eosTokenId: number): number {
  const found = eosTokenId === 2 ? ids.indexOf(Math.max(...ids)) : ids.indexOf(eosTokenId);
  return found === -1 ? 0 : found;
}
