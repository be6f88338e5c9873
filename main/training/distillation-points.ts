// What a student learns from: noised pictures x_σ and the teacher's answer at each, computed once and kept on disk in half precision.
// Knows no data set: pictures and captions come from a source, and everything random is a function of the point's number.
import { open, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { StudioError } from '../contract/errors.ts';
import type { DistillRequest } from '../contract/distillation.ts';
import { fileError } from '../checkpoints/errors.ts';
import type { Checkpoint } from '../checkpoints/folder.ts';
import type { VelocityField } from '../diffusion/guidance.ts';
import { Network } from '../diffusion/networks.ts';
import { effectiveVelocity, eulerStep, planSampling, reflectionStep, reflects } from '../diffusion/samplers.ts';
import { flowMatchSigmas } from '../diffusion/schedule.ts';
import type { SessionOptions } from '../graph/session.ts';
import { mmdit } from '../networks/mmdit.ts';
import { vaeEncode } from '../networks/vae.ts';
import { repeated, type Embeddings, type TeacherText } from './distillation-text.ts';
import { pointsFile } from './distillation-work.ts';
import { TrainingRandom } from './random.ts';

/** Pictures with captions; number `index` is always the same. */
export interface PictureSource {
  readonly count: number;
  caption(index: number): string;
  /** RGB bytes, rows from the top, of the size the teacher draws. */
  picture(index: number): Promise<{ rgb: Uint8Array; width: number; height: number }>;
}

export interface PointsSetup {
  readonly checkpoint: Checkpoint;
  readonly text: TeacherText;
  readonly source: PictureSource;
  readonly request: DistillRequest;
  /** Where the points are kept; those of an interrupted run are used. */
  readonly folder: string;
  readonly session: SessionOptions;
  readonly signal?: AbortSignal | undefined;
  /** Called once before the first point is computed, then after each chunk. */
  onPoints(done: number): void;
}

export interface TeachingPoints {
  readonly count: number;
  /** Numbers of one picture's latents. */
  readonly length: number;
  caption(index: number): string;
  /**
   * Writes point `index`, x_σ and the target velocity, at `offset` of the two arrays. `share` in [0, 1) of the guidance range is the
   * scale for which the target is wanted; a reflecting strategy has its own scale at each point.
   */
  read(index: number, share: number, latents: Float32Array, target: Float32Array, offset: number): { sigma: number; guidance: number };
}

/** Points that are computed and stored together. */
const chunk = 16;
/** Below it a picture has no noise left to speak of. */
const leastSigma = 0.003;

/** Where a point lies, besides its picture: a pure function of its number. */
interface Place {
  readonly sigma: number;
  /** Where a reflecting strategy's step leads; its points lie on the schedule. */
  readonly next: number;
  readonly reflects: boolean;
  /** As a share of the guidance range; only of a reflecting strategy, whose answer is not linear in the scale. */
  readonly share: number;
  readonly noise: (length: number) => Float32Array;
}

function placesOf({ checkpoint, request }: Pick<PointsSetup, 'checkpoint' | 'request'>): (index: number) => Place {
  const { shift } = checkpoint.scheduler.config;
  const plan = planSampling(request.strategy, 0, request.reflection);
  const sigmas = flowMatchSigmas(request.scheduleSteps, shift);
  return (index) => {
    const random = new TrainingRandom(request.seed, 4, index);
    const share = random.uniform();
    const noise = (length: number): Float32Array => random.normals(length);
    if (plan.reflection === null) {
      // As densely as a sampler with the teacher's shift visits it.
      const u = random.uniform();
      return { sigma: Math.max(leastSigma, (shift * u) / (1 + (shift - 1) * u)), next: 0, reflects: false, share, noise };
    }
    // One noise level a chunk, all levels equally often: multiples of the golden ratio spread evenly, however many there are.
    const level = Math.floor(((Math.floor(index / chunk) * 0.618_033_988_75) % 1) * request.scheduleSteps);
    return { sigma: sigmas[level]!, next: sigmas[level + 1]!, reflects: reflects(plan, sigmas, level), share, noise };
  };
}

/**
 * Computes the points that `folder` has not yet, in order, and returns all. Throws StudioError `cancelled` when stopped (what is
 * there stays), `invalid-input` for a picture of another size, `disk-full`, `permission`, and what networks and source throw.
 */
export async function teachingPoints(setup: PointsSetup): Promise<TeachingPoints> {
  const { checkpoint, source, request: { points: count, strategy, guidanceRange: [low, high] } } = setup;
  const { in_channels: channels, sample_size: side } = checkpoint.transformer.config;
  const length = channels * side * side;
  const linear = strategy === 'euler';
  const record = (linear ? 3 : 2) * length;
  const placeOf = placesOf(setup);
  const caption = (index: number): string => source.caption(index % source.count);
  const data = await stored(setup, record, length, placeOf, caption);
  return {
    count, length, caption,
    read(index, wanted, latents, target, offset) {
      const { sigma, share } = placeOf(index);
      const guidance = low + (high - low) * (linear ? wanted : share);
      const at = index * record;
      for (let i = 0; i < length; i++) {
        latents[offset + i] = data[at + i]!;
        const answer = data[at + length + i]!;
        // Any scale is a combination of the two branches, so one stored point serves all.
        target[offset + i] = linear ? data[at + 2 * length + i]! + guidance * (answer - data[at + 2 * length + i]!) : answer;
      }
      return { sigma, guidance };
    },
  };
}

async function stored(setup: PointsSetup, record: number, length: number, placeOf: (index: number) => Place, caption: (index: number) => string): Promise<Float16Array> {
  const { folder, request: { points: count } } = setup;
  const file = path.join(folder, pointsFile);
  const raise = (thrown: unknown): never => {
    throw fileError(thrown, file);
  };
  const bytes = record * 2;
  const there = Math.floor(((await stat(file).catch(() => null))?.size ?? 0) / bytes);
  const done = there >= count ? count : Math.floor(there / chunk) * chunk;
  const handle = await open(file, done === 0 ? 'w+' : 'r+').catch(raise);
  try {
    setup.onPoints(done);
    if (done < count) {
      await withTeacher(setup, async (teach) => {
        for (let start = done; start < count; start += chunk) {
          if (setup.signal?.aborted) throw new StudioError('cancelled', `Stopped after ${start} of ${count} teaching points; they are kept.`);
          const indices = Array.from({ length: Math.min(chunk, count - start) }, (_, i) => start + i);
          const answers = await teach(indices, indices.map(placeOf), indices.map(caption));
          const half = new Float16Array(indices.length * record);
          indices.forEach((_, b) => answers.forEach((part, p) => half.set(part.subarray(b * length, (b + 1) * length), b * record + p * length)));
          await handle.write(new Uint8Array(half.buffer), 0, half.byteLength, start * bytes).catch(raise);
          await handle.datasync().catch(raise);
          setup.onPoints(start + indices.length);
        }
      });
    }
    const data = new Float16Array(count * record);
    await readAll(handle, new Uint8Array(data.buffer)).catch(raise);
    return data;
  } finally {
    await handle.close();
  }
}

async function readAll(handle: FileHandle, target: Uint8Array): Promise<void> {
  // The operating system reads at most 2 GiB at once.
  for (let done = 0; done < target.length;) {
    const { bytesRead } = await handle.read(target, done, Math.min(target.length - done, 2 ** 30), done);
    if (bytesRead === 0) throw new StudioError('corrupt-file', 'The teaching points became shorter while they were read.');
    done += bytesRead;
  }
}

/** x_σ and the teacher's answer there: both branches' velocities for Euler, else the effective velocity. Each [n, length]. */
type Teach = (indices: readonly number[], places: readonly Place[], captions: readonly string[]) => Promise<Float32Array[]>;

async function withTeacher(setup: PointsSetup, use: (teach: Teach) => Promise<void>): Promise<void> {
  const { checkpoint, text, source, request, session } = setup;
  const { vae, transformer } = checkpoint;
  const { config } = transformer;
  const latentShape = [config.in_channels, config.sample_size, config.sample_size];
  const encoder = new Network<'image'>(vae, (w, { image }) => ({ mean: vaeEncode(vae.config, w, image).mean }), session);
  const network = new Network<'latents' | 'timestep' | 'tokens' | 'pooled'>(transformer, (w, inputs) => ({ velocity: mmdit(config, w, inputs) }), session);
  const [low, high] = request.guidanceRange;
  const weakScale = planSampling(request.strategy, 0, request.reflection).reflection?.weak ?? 0;

  /** [v_c, v_∅] for each row, in one batch. */
  async function branches(latents: Float32Array, sigmas: readonly number[], { tokens, pooled }: Embeddings): Promise<[Float32Array, Float32Array]> {
    const n = sigmas.length;
    const { velocity } = await network.run({
      latents: { data: doubled(latents, latents), shape: [2 * n, ...latentShape] },
      timestep: { data: Float32Array.from([...sigmas, ...sigmas], (sigma) => 1000 * sigma), shape: [2 * n] },
      tokens: { data: doubled(tokens, repeated(text.empty.tokens, n)), shape: [2 * n, text.maxTokens, config.joint_attention_dim] },
      pooled: { data: doubled(pooled, repeated(text.empty.pooled, n)), shape: [2 * n, config.pooled_projection_dim] },
    });
    return [velocity!.subarray(0, latents.length), velocity!.subarray(latents.length)];
  }

  const teach: Teach = async (indices, places, captions) => {
    const n = indices.length;
    const pictures = await Promise.all(indices.map((index) => source.picture(index % source.count)));
    const { width, height } = checkpoint;
    for (const picture of pictures) {
      if (picture.width === width && picture.height === height) continue;
      throw new StudioError('invalid-input', `A picture to learn from has ${picture.width}×${picture.height} pixels; the teacher draws ${width}×${height}.`);
    }
    const { mean } = await encoder.run({ image: { data: planes(pictures.map(({ rgb }) => rgb), width * height), shape: [n, 3, height, width] } });
    const x = mean!.map((value) => (value - vae.config.shift_factor) * vae.config.scaling_factor);
    const length = x.length / n;
    places.forEach(({ sigma, noise }, b) => {
      const epsilon = noise(length);
      for (let i = 0; i < length; i++) x[b * length + i] = (1 - sigma) * x[b * length + i]! + sigma * epsilon[i]!;
    });
    const embeddings = await text.encode(captions);
    const { sigma, next, reflects: reflecting } = places[0]!;
    if (request.strategy === 'euler') return [x, ...(await branches(x, places.map((place) => place.sigma), embeddings))];

    const field = (scaleOf: (row: number) => number): VelocityField => async (latents, at) => {
      const [conditional, unconditional] = await branches(latents, places.map(() => at), embeddings);
      return conditional.map((value, i) => unconditional[i]! + scaleOf(Math.floor(i / length)) * (value - unconditional[i]!));
    };
    const strong = field((row) => low + (high - low) * places[row]!.share);
    const step = reflecting ? reflectionStep({ strong, weak: field(() => weakScale), base: strong }) : eulerStep(strong);
    return [x, await effectiveVelocity(step, x, sigma, next)];
  };

  try {
    await use(teach);
  } finally {
    await encoder.close();
    await network.close();
  }
}

function doubled(first: Float32Array, second: Float32Array): Float32Array {
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** Rows of bytes to planes of −1..1. */
function planes(pictures: readonly Uint8Array[], area: number): Float32Array {
  const all = new Float32Array(pictures.length * 3 * area);
  pictures.forEach((rgb, n) => {
    for (let c = 0; c < 3; c++) for (let i = 0; i < area; i++) all[(n * 3 + c) * area + i] = rgb[i * 3 + c]! / 127.5 - 1;
  });
  return all;
}
