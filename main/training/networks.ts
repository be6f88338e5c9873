// Shapes and starting values of the networks' parameters, under the names their forward passes look up.
import { innerWidth } from '../networks/mmdit.ts';
import type { TextEncoderConfig, TransformerConfig, VaeConfig } from '../networks/configs.ts';
import type { Init, ParameterSpec } from './parameters.ts';

const zeros: Init = { kind: 'zeros' };
const ones: Init = { kind: 'ones' };
const spec = (name: string, shape: readonly number[], init: Init, trainable = true): ParameterSpec => ({ name, shape, init, trainable });

const xavier = (fanOut: number, fanIn: number): Init => ({ kind: 'xavier', fanIn, fanOut });
const linear = (name: string, out: number, into: number, init: Init = xavier(out, into)): ParameterSpec[] =>
  [spec(`${name}.weight`, [out, into], init), spec(`${name}.bias`, [out], zeros)];
const norm = (name: string, width: number): ParameterSpec[] => [spec(`${name}.weight`, [width], ones), spec(`${name}.bias`, [width], zeros)];

/** Two-dimensional sin-cos positions of a square grid, [1, side², width]: the first half of a row tells the column. */
function positionTable(side: number, width: number): Float32Array {
  const quarter = width / 4;
  const table = new Float32Array(side * side * width);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      for (let i = 0; i < quarter; i++) {
        const frequency = 1 / 10000 ** (i / quarter);
        const at = (y * side + x) * width + i;
        table[at] = Math.sin(x * frequency);
        table[at + quarter] = Math.cos(x * frequency);
        table[at + 2 * quarter] = Math.sin(y * frequency);
        table[at + 3 * quarter] = Math.cos(y * frequency);
      }
    }
  }
  return table;
}

/** Modulations and the output start at zero, so that each block starts as the identity (AdaLN-Zero). */
export function mmditParameters(config: TransformerConfig): ParameterSpec[] {
  const d = innerWidth(config);
  const patch = config.patch_size ** 2;
  const side = config.pos_embed_max_size;
  const specs: ParameterSpec[] = [
    spec('pos_embed.proj.weight', [d, config.in_channels, config.patch_size, config.patch_size], xavier(d, config.in_channels * patch)),
    spec('pos_embed.proj.bias', [d], zeros),
    spec('pos_embed.pos_embed', [1, side * side, d], { kind: 'table', data: positionTable(side, d) }, false),
    ...linear('time_text_embed.timestep_embedder.linear_1', d, 256, { kind: 'normal', deviation: 0.02 }),
    ...linear('time_text_embed.timestep_embedder.linear_2', d, d, { kind: 'normal', deviation: 0.02 }),
    ...linear('time_text_embed.text_embedder.linear_1', d, config.pooled_projection_dim),
    ...linear('time_text_embed.text_embedder.linear_2', d, d),
    ...(config.guidance ? [...linear('guidance_in.linear_1', d, 256, { kind: 'normal', deviation: 0.02 }), ...linear('guidance_in.linear_2', d, d, zeros)] : []),
    ...linear('context_embedder', d, config.joint_attention_dim),
  ];
  for (let i = 0; i < config.num_layers; i++) {
    const last = i === config.num_layers - 1;
    const block = `transformer_blocks.${i}`;
    specs.push(
      ...linear(`${block}.norm1.linear`, 6 * d, d, zeros),
      ...linear(`${block}.norm1_context.linear`, (last ? 2 : 6) * d, d, zeros),
      ...['to_q', 'to_k', 'to_v', 'add_k_proj', 'add_v_proj'].flatMap((name) => linear(`${block}.attn.${name}`, d, d)),
      // The last block's text queries exist in the checkpoint but nothing reads them.
      ...linear(`${block}.attn.add_q_proj`, d, d).map((s) => ({ ...s, trainable: !last })),
      ...linear(`${block}.attn.to_out.0`, d, d),
      ...linear(`${block}.ff.net.0.proj`, 4 * d, d),
      ...linear(`${block}.ff.net.2`, d, 4 * d),
    );
    if (config.qk_norm) {
      for (const name of ['norm_q', 'norm_k', 'norm_added_q', 'norm_added_k']) {
        specs.push(spec(`${block}.attn.${name}.weight`, [config.attention_head_dim], ones, !(last && name === 'norm_added_q')));
      }
    }
    if (!last) {
      specs.push(...linear(`${block}.attn.to_add_out`, d, d), ...linear(`${block}.ff_context.net.0.proj`, 4 * d, d), ...linear(`${block}.ff_context.net.2`, d, 4 * d));
    }
  }
  return [...specs, ...linear('norm_out.linear', 2 * d, d, zeros), ...linear('proj_out', patch * config.out_channels, d, zeros)];
}

export function clipParameters(config: TextEncoderConfig): ParameterSpec[] {
  const d = config.hidden_size;
  const specs: ParameterSpec[] = [
    spec('text_model.embeddings.token_embedding.weight', [config.vocab_size, d], { kind: 'normal', deviation: 0.5 }),
    spec('text_model.embeddings.position_embedding.weight', [config.max_position_embeddings, d], { kind: 'normal', deviation: 0.1 }),
  ];
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `text_model.encoder.layers.${i}`;
    specs.push(
      ...norm(`${layer}.layer_norm1`, d), ...norm(`${layer}.layer_norm2`, d),
      ...['q_proj', 'k_proj', 'v_proj', 'out_proj'].flatMap((name) => linear(`${layer}.self_attn.${name}`, d, d)),
      ...linear(`${layer}.mlp.fc1`, config.intermediate_size, d), ...linear(`${layer}.mlp.fc2`, d, config.intermediate_size),
    );
  }
  return [...specs, ...norm('text_model.final_layer_norm', d), spec('text_projection.weight', [config.projection_dim, d], xavier(config.projection_dim, d))];
}

const conv = (name: string, out: number, into: number, kernel: number, gain = 1): ParameterSpec[] =>
  [spec(`${name}.weight`, [out, into, kernel, kernel], { kind: 'normal', deviation: gain * Math.sqrt(1 / (into * kernel * kernel)) }), spec(`${name}.bias`, [out], zeros)];

const resnet = (name: string, into: number, out: number): ParameterSpec[] => [
  ...norm(`${name}.norm1`, into), ...conv(`${name}.conv1`, out, into, 3), ...norm(`${name}.norm2`, out), ...conv(`${name}.conv2`, out, out, 3, 0.2),
  ...(into === out ? [] : conv(`${name}.conv_shortcut`, out, into, 1)),
];

const vaeMiddle = (config: VaeConfig, name: string, width: number): ParameterSpec[] => [
  ...resnet(`${name}.resnets.0`, width, width),
  ...(config.mid_block_add_attention ? [...norm(`${name}.attentions.0.group_norm`, width), ...['to_q', 'to_k', 'to_v', 'to_out.0'].flatMap((part) => linear(`${name}.attentions.0.${part}`, width, width))] : []),
  ...resnet(`${name}.resnets.1`, width, width),
];

export function vaeParameters(config: VaeConfig): ParameterSpec[] {
  const widths = config.block_out_channels;
  const deepest = widths.at(-1)!;
  const specs: ParameterSpec[] = conv('encoder.conv_in', widths[0]!, config.in_channels, 3);
  widths.forEach((width, i) => {
    for (let j = 0; j < config.layers_per_block; j++) specs.push(...resnet(`encoder.down_blocks.${i}.resnets.${j}`, j === 0 ? widths[Math.max(0, i - 1)]! : width, width));
    if (i < widths.length - 1) specs.push(...conv(`encoder.down_blocks.${i}.downsamplers.0.conv`, width, width, 3));
  });
  specs.push(...vaeMiddle(config, 'encoder.mid_block', deepest), ...norm('encoder.conv_norm_out', deepest), ...conv('encoder.conv_out', 2 * config.latent_channels, deepest, 3));
  if (config.use_quant_conv) specs.push(...conv('quant_conv', 2 * config.latent_channels, 2 * config.latent_channels, 1));
  if (config.use_post_quant_conv) specs.push(...conv('post_quant_conv', config.latent_channels, config.latent_channels, 1));
  specs.push(...conv('decoder.conv_in', deepest, config.latent_channels, 3), ...vaeMiddle(config, 'decoder.mid_block', deepest));
  widths.toReversed().forEach((width, i, reversed) => {
    for (let j = 0; j <= config.layers_per_block; j++) specs.push(...resnet(`decoder.up_blocks.${i}.resnets.${j}`, j === 0 ? reversed[Math.max(0, i - 1)]! : width, width));
    if (i < widths.length - 1) specs.push(...conv(`decoder.up_blocks.${i}.upsamplers.0.conv`, width, width, 3));
  });
  return [...specs, ...norm('decoder.conv_norm_out', widths[0]!), ...conv('decoder.conv_out', config.out_channels, widths[0]!, 3)];
}
