// AutoencoderKL as functions over tensors: images [n, 3, h, w] in −1..1 to latents and back.
// Parameter names are those of diffusers' AutoencoderKL.
import * as tf from '@tensorflow/tfjs';
import type { VaeConfig } from './configs.ts';
import { at, attention, conv2d, groupNorm, linear, silu, upsampleNearest, type Weights } from './layers.ts';

const epsilon = 1e-6;

function resnet(config: VaeConfig, w: Weights, x: tf.Tensor, outChannels: number): tf.Tensor {
  const groups = config.norm_num_groups;
  const inner = conv2d(at(w, 'conv1'), silu(groupNorm(at(w, 'norm1'), x, groups, epsilon)), { padding: 1 });
  const residual = conv2d(at(w, 'conv2'), silu(groupNorm(at(w, 'norm2'), inner, groups, epsilon)), { padding: 1 });
  const shortcut = x.shape[1] === outChannels ? x : conv2d(at(w, 'conv_shortcut'), x);
  return shortcut.add(residual);
}

/** Attention over all pixels with one head. */
function selfAttention(config: VaeConfig, w: Weights, x: tf.Tensor): tf.Tensor {
  const [n, c, h, width] = x.shape as [number, number, number, number];
  const tokens = groupNorm(at(w, 'group_norm'), x, config.norm_num_groups, epsilon).reshape([n, c, h * width]).transpose([0, 2, 1]);
  const mixed = attention([linear(at(w, 'to_q'), tokens)], [linear(at(w, 'to_k'), tokens)], [linear(at(w, 'to_v'), tokens)], 1);
  return x.add(linear(at(w, 'to_out.0'), mixed).transpose([0, 2, 1]).reshape([n, c, h, width]));
}

function middle(config: VaeConfig, w: Weights, x: tf.Tensor): tf.Tensor {
  const channels = x.shape[1]!;
  const first = resnet(config, at(w, 'resnets.0'), x, channels);
  const attended = config.mid_block_add_attention ? selfAttention(config, at(w, 'attentions.0'), first) : first;
  return resnet(config, at(w, 'resnets.1'), attended, channels);
}

const output = (config: VaeConfig, w: Weights, x: tf.Tensor): tf.Tensor =>
  conv2d(at(w, 'conv_out'), silu(groupNorm(at(w, 'conv_norm_out'), x, config.norm_num_groups, epsilon)), { padding: 1 });

/** Mean and log-variance of the latents, each [n, latent_channels, h/f, w/f], not scaled or shifted. */
export function vaeEncode(config: VaeConfig, weights: Weights, image: tf.Tensor): { mean: tf.Tensor; logVariance: tf.Tensor } {
  const w = at(weights, 'encoder');
  let x = conv2d(at(w, 'conv_in'), image, { padding: 1 });
  config.block_out_channels.forEach((channels, i) => {
    const block = at(w, `down_blocks.${i}`);
    for (let j = 0; j < config.layers_per_block; j++) x = resnet(config, at(block, `resnets.${j}`), x, channels);
    if (i === config.block_out_channels.length - 1) return;
    // diffusers pads only below and to the right before it strides.
    const padded = tf.pad(x, [[0, 0], [0, 0], [0, 1], [0, 1]]);
    x = conv2d(at(block, 'downsamplers.0.conv'), padded, { stride: 2 });
  });
  const moments = output(config, w, middle(config, at(w, 'mid_block'), x));
  const quantised = config.use_quant_conv ? conv2d(at(weights, 'quant_conv'), moments) : moments;
  const [mean, logVariance] = tf.split(quantised, 2, 1) as [tf.Tensor, tf.Tensor];
  return { mean, logVariance };
}

/** Picture of latents as the encoder gives them (already divided by the scaling factor and shifted back). */
export function vaeDecode(config: VaeConfig, weights: Weights, latents: tf.Tensor): tf.Tensor {
  const w = at(weights, 'decoder');
  const z = config.use_post_quant_conv ? conv2d(at(weights, 'post_quant_conv'), latents) : latents;
  let x = middle(config, at(w, 'mid_block'), conv2d(at(w, 'conv_in'), z, { padding: 1 }));
  config.block_out_channels.toReversed().forEach((channels, i) => {
    const block = at(w, `up_blocks.${i}`);
    for (let j = 0; j <= config.layers_per_block; j++) x = resnet(config, at(block, `resnets.${j}`), x, channels);
    if (i === config.block_out_channels.length - 1) return;
    x = conv2d(at(block, 'upsamplers.0.conv'), upsampleNearest(x), { padding: 1 });
  });
  return output(config, w, x);
}
