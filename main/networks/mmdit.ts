// SD3's transformer (MMDiT) as a function over tensors, with the guidance of TeEFusion and DistillCFG students.
// Parameter names are those of diffusers' SD3Transformer2DModel. Knows nothing of files or runtimes.
import * as tf from '@tensorflow/tfjs';
import { guidanceKindOf, type TransformerConfig } from './configs.ts';
import { recomputable, recordingMode } from '../graph/trace.ts';
import { at, attention, feedForward, linear, modulate, rmsNorm, silu, sinusoid, type Weights } from './layers.ts';

const epsilon = 1e-6;

export interface MmditInputs {
  /** [batch, channels, height, width] */
  latents: tf.Tensor;
  /** [batch], 1000·σ */
  timestep: tf.Tensor;
  /** [batch, tokens, joint_attention_dim] */
  tokens: tf.Tensor;
  /** [batch, pooled_projection_dim] */
  pooled: tf.Tensor;
  /** [batch]: the number a student takes, in its own convention (γ or w). */
  guidance?: tf.Tensor;
  /** [batch, pooled_projection_dim]: ∅ of a TeEFusion or linear student. */
  nullPooled?: tf.Tensor;
}

export const innerWidth = (config: TransformerConfig): number => config.num_attention_heads * config.attention_head_dim;

/** Two linear maps with SiLU between: the timestep, pooled-text and guidance embedders. */
const embedder = (w: Weights, x: tf.Tensor): tf.Tensor => linear(at(w, 'linear_2'), silu(linear(at(w, 'linear_1'), x)));

/** One AdaLN layer: its name and how many vectors it makes. */
interface Modulator {
  name: string;
  count: number;
}

/** The last block's text is only read, never updated. */
const modulators = (config: TransformerConfig): Modulator[] => [
  ...Array.from({ length: config.num_layers }, (_, i) => [
    { name: `transformer_blocks.${i}.norm1.linear`, count: 6 },
    { name: `transformer_blocks.${i}.norm1_context.linear`, count: i === config.num_layers - 1 ? 2 : 6 },
  ]).flat(),
  { name: 'norm_out.linear', count: 2 },
];

/**
 * The vectors [batch, 1, width] that shift, scale and gate the streams, by layer. All layers read the same vector, so where no
 * gradient is asked for they are one product: of one row each, they would cost a pass over their weights and little else.
 */
function modulations(config: TransformerConfig, w: Weights, vector: tf.Tensor): Map<string, tf.Tensor[]> {
  const layers = modulators(config);
  const width = innerWidth(config);
  const vectors = (y: tf.Tensor, count: number): tf.Tensor[] => tf.split(y.expandDims(1), count, 2);
  if (recordingMode() !== 'inference') return new Map(layers.map(({ name, count }) => [name, vectors(linear(at(w, name), vector), count)]));
  const joined: Weights = (part) => tf.concat(layers.map(({ name }) => w(`${name}.${part}`)), 0);
  const all = vectors(linear(joined, vector), layers.reduce((sum, { count }) => sum + count, 0));
  if (all[0]!.shape[2] !== width) throw new Error(`The modulation layers make vectors of ${all[0]!.shape[2]} numbers, not ${width}.`);
  let next = 0;
  return new Map(layers.map(({ name, count }) => [name, all.slice(next, (next += count))]));
}

export interface Conditioning {
  /** G(τ(t)), [batch, width] */
  time: tf.Tensor;
  /** F(c); of a linear student F(c + w(c − ∅)). */
  text: tf.Tensor;
  /** What a student adds for its guidance scale; null where nothing is added. */
  guidance: tf.Tensor | null;
}

/** The parts of the conditioning vector: timestep, pooled text, and the guidance scale where the network knows one. */
export function conditioning(config: TransformerConfig, w: Weights, inputs: Pick<MmditInputs, 'timestep' | 'pooled' | 'guidance' | 'nullPooled'>): Conditioning {
  const time = (t: tf.Tensor): tf.Tensor => embedder(at(w, 'time_text_embed.timestep_embedder'), sinusoid(t));
  const text = (c: tf.Tensor): tf.Tensor => embedder(at(w, 'time_text_embed.text_embedder'), c);
  const { pooled, guidance, nullPooled } = inputs;
  const plain = { time: time(inputs.timestep), text: text(pooled), guidance: null };
  const kind = guidanceKindOf(config);
  if (kind === null || !guidance) return plain;
  const scaled = guidance.mul(config.guidance_multiplier);
  if (kind === 'distillcfg') return { ...plain, guidance: embedder(at(w, 'guidance_in'), sinusoid(scaled)) };
  if (!nullPooled) throw new Error('This student needs the pooled embedding of the empty or negative prompt.');
  const away = pooled.sub(nullPooled);
  if (kind === 'linear') return { ...plain, text: text(pooled.add(away.mul(guidance.expandDims(1)))) };
  return { ...plain, guidance: time(scaled).mul(text(away)).mul(config.fusion_scale) };
}

/** Patches of the latents as tokens [batch, h·w, width], with positions cropped from the middle of the stored grid. */
function patchEmbedding(config: TransformerConfig, w: Weights, latents: tf.Tensor): tf.Tensor {
  const [batch, channels, height, width] = latents.shape as [number, number, number, number];
  const p = config.patch_size;
  const [rows, columns] = [height / p, width / p];
  const patches = latents.reshape([batch, channels, rows, p, columns, p]).transpose([0, 2, 4, 1, 3, 5]).reshape([batch, rows * columns, channels * p * p]);
  const inner = innerWidth(config);
  const projection: Weights = (name) => (name === 'weight' ? w('proj.weight').reshape([inner, channels * p * p]) : w(`proj.${name}`));
  const grid = config.pos_embed_max_size;
  const top = Math.floor((grid - rows) / 2);
  const left = Math.floor((grid - columns) / 2);
  const positions = w('pos_embed').reshape([grid, grid, inner]).slice([top, left, 0], [rows, columns, inner]).reshape([1, rows * columns, inner]);
  return linear(projection, patches).add(positions);
}

/** Normalised queries and keys, where the network has them. */
function projections(config: TransformerConfig, w: Weights, x: tf.Tensor, names: readonly [string, string, string], norms: readonly [string, string]): tf.Tensor[] {
  const heads = config.num_attention_heads;
  const [q, k, v] = names.map((name) => linear(at(w, name), x)) as [tf.Tensor, tf.Tensor, tf.Tensor];
  if (config.qk_norm !== 'rms_norm') return [q, k, v];
  const normal = (y: tf.Tensor, name: string): tf.Tensor =>
    rmsNorm(at(w, name), y.reshape([...y.shape.slice(0, 2), heads, config.attention_head_dim]), epsilon).reshape(y.shape);
  return [normal(q, norms[0]), normal(k, norms[1]), v];
}

/** One joint block over both streams; the last one updates only the image. */
function jointBlock(config: TransformerConfig, w: Weights, image: tf.Tensor, text: tf.Tensor, imageModulation: tf.Tensor[], textModulation: tf.Tensor[], last: boolean): [tf.Tensor, tf.Tensor] {
  const [shift, scale, gate, mlpShift, mlpScale, mlpGate] = imageModulation as Six;
  // The last block's text norm is an AdaLN-continuous: scale first.
  const [textShift, textScale] = last ? [textModulation[1]!, textModulation[0]!] : [textModulation[0]!, textModulation[1]!];
  const attn = at(w, 'attn');
  const [qi, ki, vi] = projections(config, attn, modulate(image, shift, scale, epsilon), ['to_q', 'to_k', 'to_v'], ['norm_q', 'norm_k']) as Three;
  const [qt, kt, vt] = projections(config, attn, modulate(text, textShift, textScale, epsilon), ['add_q_proj', 'add_k_proj', 'add_v_proj'], ['norm_added_q', 'norm_added_k']) as Three;
  // Nobody reads the last block's text, so its queries need not be mixed.
  const mixed = attention(last ? [qi] : [qi, qt], [ki, kt], [vi, vt], config.num_attention_heads);
  const [imageMixed, textMixed] = (last ? [mixed] : tf.split(mixed, [image.shape[1]!, text.shape[1]!], 1)) as [tf.Tensor, tf.Tensor];
  const attended = image.add(linear(at(attn, 'to_out.0'), imageMixed).mul(gate));
  const newImage = attended.add(feedForward(at(w, 'ff'), modulate(attended, mlpShift, mlpScale, epsilon)).mul(mlpGate));
  if (last) return [newImage, text];

  const [, , textGate, textMlpShift, textMlpScale, textMlpGate] = textModulation as Six;
  const textAttended = text.add(linear(at(attn, 'to_add_out'), textMixed).mul(textGate));
  const newText = textAttended.add(feedForward(at(w, 'ff_context'), modulate(textAttended, textMlpShift, textMlpScale, epsilon)).mul(textMlpGate));
  return [newImage, newText];
}

type Three = [tf.Tensor, tf.Tensor, tf.Tensor];
type Six = [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];

/**
 * Velocity of the latents, [batch, out_channels, height, width]. Source: Esser et al. 2024 (SD3); students after
 * Fu et al. 2025 (TeEFusion) and Meng et al. 2023 (DistillCFG). Throws an Error for dual attention, which it has not.
 */
export function mmdit(config: TransformerConfig, w: Weights, inputs: MmditInputs): tf.Tensor {
  if (config.dual_attention_layers?.length) throw new Error('Dual attention layers are not built.');
  const [batch, , height, width] = inputs.latents.shape as [number, number, number, number];
  const parts = conditioning(config, w, inputs);
  const plain = parts.time.add(parts.text);
  const vector = silu(parts.guidance ? plain.add(parts.guidance) : plain);
  let image = patchEmbedding(config, at(w, 'pos_embed'), inputs.latents);
  let text = linear(at(w, 'context_embedder'), inputs.tokens);
  const modulation = modulations(config, w, vector);
  for (let i = 0; i < config.num_layers; i++) {
    const block = `transformer_blocks.${i}`;
    const [forImage, forText] = [modulation.get(`${block}.norm1.linear`)!, modulation.get(`${block}.norm1_context.linear`)!];
    const [imageBefore, textBefore] = [image, text];
    [image, text] = recomputable([image, text], () => jointBlock(config, at(w, block), imageBefore, textBefore, forImage, forText, i === config.num_layers - 1)) as [tf.Tensor, tf.Tensor];
  }
  const [scale, shift] = modulation.get('norm_out.linear') as [tf.Tensor, tf.Tensor];
  const p = config.patch_size;
  const patches = linear(at(w, 'proj_out'), modulate(image, shift, scale, epsilon));
  return patches.reshape([batch, height / p, width / p, p, p, config.out_channels])
    .transpose([0, 5, 1, 3, 2, 4]).reshape([batch, config.out_channels, height, width]);
}
