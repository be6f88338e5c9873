// What a student learns from: points on the way from noise to pictures, with the teacher's two velocities at each.
// Any guidance scale is a linear combination of the two, so one cached point serves every scale.
import path from 'node:path';
import type { Checkpoint } from '../../main/checkpoints/folder.ts';
import { Network } from '../../main/diffusion/networks.ts';
import type { SessionOptions } from '../../main/graph/session.ts';
import { clipTextEncoder, endPosition } from '../../main/networks/clip.ts';
import { conditioning, mmdit } from '../../main/networks/mmdit.ts';
import { caption, type Stage } from '../../main/storybook/grammar.ts';
import { createRng } from '../../main/storybook/rng.ts';
import { openTokenizer, type PromptTokenizer } from '../../main/text/tokenizer.ts';
import { TrainingRandom } from '../../main/training/random.ts';
import { latentSet } from './latents.ts';

export interface Embeddings {
  /** [count, maxTokens, width] */
  tokens: Float32Array;
  /** [count, width] */
  pooled: Float32Array;
}

/** A teacher's frozen text encoder, many prompts at a time. */
export class TeacherText {
  readonly tokenizer: PromptTokenizer;
  readonly maxTokens: number;
  readonly #checkpoint: Checkpoint;
  readonly #network: Network<'ids' | 'end'>;

  private constructor(checkpoint: Checkpoint, tokenizer: PromptTokenizer, options: SessionOptions) {
    const { config } = checkpoint.textEncoder;
    this.#checkpoint = checkpoint;
    this.tokenizer = tokenizer;
    this.maxTokens = config.max_position_embeddings;
    this.#network = new Network(checkpoint.textEncoder, (w, { ids, end }) => {
      const { penultimate, pooled } = clipTextEncoder(config, w, ids, end);
      return { tokens: penultimate, pooled };
    }, options);
  }

  static async open(checkpoint: Checkpoint, options: SessionOptions): Promise<TeacherText> {
    return new TeacherText(checkpoint, await openTokenizer(checkpoint.tokenizer), options);
  }

  async encode(prompts: readonly string[]): Promise<Embeddings> {
    const ids = new Int32Array(prompts.length * this.maxTokens);
    const end = prompts.map((prompt, i) => {
      const encoded = this.tokenizer.encodePrompt(prompt, this.maxTokens).ids;
      ids.set(encoded, i * this.maxTokens);
      return endPosition([...encoded], this.#checkpoint.textEncoder.config.eos_token_id);
    });
    const { tokens, pooled } = await this.#network.run({ ids: { data: ids, shape: [prompts.length, this.maxTokens] }, end: { data: Int32Array.from(end), shape: [prompts.length] } });
    return { tokens: tokens!, pooled: pooled! };
  }

  close(): Promise<void> {
    return this.#network.close();
  }
}

export interface TeachingPoints {
  prompts: string[];
  sigma: Float32Array;
  /** Numbers of one picture. */
  length: number;
  /** x_σ, v_c and v_∅, one picture after the other. */
  latents: Float16Array;
  conditional: Float16Array;
  unconditional: Float16Array;
}

/** `count` points x_σ = (1−σ)x₀ + σε over drawn scenes, σ spread as a sampler with timestep shift 3 visits it. */
export async function teachingPoints(checkpoint: Checkpoint, text: TeacherText, count: number, seed: number, latents: string, options: SessionOptions, log: (text: string) => void): Promise<TeachingPoints> {
  const { config } = checkpoint.transformer;
  const vae = path.dirname(checkpoint.vae.weights);
  const shares: [Stage, number][] = [['one-plain', 0.3], ['one', 0.5], ['two', 0.2]];
  const sets = await Promise.all(shares.map(async ([stage], i) => latentSet(latents, vae, stage, Math.min(4000, count), seed + i, log)));
  const network = new Network<'latents' | 'timestep' | 'tokens' | 'pooled'>(checkpoint.transformer, (w, inputs) => ({ velocity: mmdit(config, w, inputs) }), options);
  const length = sets[0]!.length;
  const batch = 32;
  const shape = [2 * batch, config.in_channels, config.sample_size, config.sample_size];
  const points: TeachingPoints = {
    prompts: [], sigma: new Float32Array(count), length,
    latents: new Float16Array(count * length), conditional: new Float16Array(count * length), unconditional: new Float16Array(count * length),
  };
  const empty = await text.encode(['']);
  const nothing = { tokens: empty.tokens.slice(), pooled: empty.pooled.slice() };
  for (let start = 0; start + batch <= count; start += batch) {
    const random = new TrainingRandom(seed, 4, start);
    const x = new Float32Array(2 * batch * length);
    const timestep = new Float32Array(2 * batch);
    const prompts: string[] = [];
    for (let b = 0; b < batch; b++) {
      let pick = random.uniform();
      const which = Math.max(0, shares.findIndex(([, share]) => (pick -= share) < 0));
      const set = sets[which]!;
      const index = random.below(set.count);
      const u = random.uniform();
      const sigma = Math.max(0.003, (3 * u) / (1 + 2 * u));
      set.read(index, x, b * length);
      const noise = random.normals(length);
      for (let i = 0; i < length; i++) x[b * length + i] = (1 - sigma) * x[b * length + i]! + sigma * noise[i]!;
      prompts.push(caption(set.scene(index), createRng(seed + 7, start + b)));
      points.sigma[start + b] = sigma;
      timestep[b] = timestep[batch + b] = 1000 * sigma;
    }
    x.copyWithin(batch * length, 0, batch * length);
    const { tokens, pooled } = await text.encode(prompts);
    const both = (given: Float32Array, none: Float32Array): Float32Array => {
      const all = new Float32Array(2 * given.length);
      all.set(given);
      for (let b = 0; b < batch; b++) all.set(none, given.length + b * none.length);
      return all;
    };
    const { velocity } = await network.run({
      latents: { data: x, shape }, timestep: { data: timestep, shape: [2 * batch] },
      tokens: { data: both(tokens, nothing.tokens), shape: [2 * batch, text.maxTokens, config.joint_attention_dim] },
      pooled: { data: both(pooled, nothing.pooled), shape: [2 * batch, config.pooled_projection_dim] },
    });
    points.prompts.push(...prompts);
    points.latents.set(x.subarray(0, batch * length), start * length);
    points.conditional.set(velocity!.subarray(0, batch * length), start * length);
    points.unconditional.set(velocity!.subarray(batch * length), start * length);
    if ((start / batch) % 25 === 0) log(`${start} of ${count} teaching points`);
  }
  await network.close();
  return points;
}

/** Root mean square of F(c) over prompts, and of the fused term G(τ(mult·g)) ⊙ F(c−∅) at scale one, over prompts and scales. */
export async function fusionSizes(checkpoint: Checkpoint, text: TeacherText, multiplier: number, range: readonly [number, number], prompts: readonly string[], options: SessionOptions): Promise<{ text: number; fused: number }> {
  const config = { ...checkpoint.transformer.config, txt_align_guidance: true, guidance_multiplier: multiplier, fusion_scale: 1 };
  const network = new Network<'timestep' | 'pooled' | 'guidance' | 'nullPooled'>(checkpoint.transformer, (w, inputs) => {
    const parts = conditioning(config, w, inputs);
    return { text: parts.text, fused: parts.guidance! };
  }, options);
  const count = prompts.length;
  const { pooled } = await text.encode(prompts);
  const own = pooled.slice();
  const none = (await text.encode([''])).pooled;
  const repeated = new Float32Array(own.length);
  for (let i = 0; i < count; i++) repeated.set(none, i * none.length);
  const rows = { shape: [count, none.length] };
  const sizes = await network.run({
    timestep: { data: new Float32Array(count).fill(500), shape: [count] }, pooled: { data: own, ...rows }, nullPooled: { data: repeated, ...rows },
    guidance: { data: Float32Array.from(prompts, (_, i) => range[0] + ((range[1] - range[0]) * i) / Math.max(1, count - 1)), shape: [count] },
  });
  await network.close();
  const rms = (x: Float32Array): number => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / x.length);
  return { text: rms(sizes['text']!), fused: rms(sizes['fused']!) };
}
