// Teaching points: places x_σ with the teacher's answer at each, computed once, kept on disk in half precision and read from there.
// Where the places come from is a PointKind's business; everything random is a function of the point's number.
import { readSync } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { StudioError } from '../contract/errors.ts';
import type { DistillRequest } from '../contract/distillation.ts';
import { fileError } from '../checkpoints/errors.ts';
import type { Checkpoint } from '../checkpoints/folder.ts';
import type { SessionOptions } from '../graph/session.ts';
import { noisedPictures } from './distillation-noised.ts';
import { scaleAt, type PromptSource } from './distillation-source.ts';
import type { TeacherText } from './distillation-text.ts';
import { trajectories } from './distillation-trajectories.ts';
import { pointsFile } from './distillation-work.ts';
import type { TrainingRandom } from './random.ts';

export interface PointsSetup {
  readonly checkpoint: Checkpoint;
  /** The student whose way is followed; there where the request's points are a student's. */
  readonly initFrom?: Checkpoint | undefined;
  readonly text: TeacherText;
  readonly source: PromptSource;
  readonly request: DistillRequest;
  /** Where the points are kept; those of an interrupted run are used. Created. */
  readonly folder: string;
  readonly session: SessionOptions;
  readonly signal?: AbortSignal | undefined;
  /** Called once before the first point is computed, then after each group. */
  onPoints(done: number): void;
}

/** One way to make points. */
export interface PointKind {
  /** Points that are computed and stored together. */
  readonly group: number;
  /** Its noise level, and the share in [0, 1) of the guidance range that it belongs to; null: it belongs to none. */
  place(index: number): { sigma: number; share: number | null };
  open(): {
    /**
     * `count` points from `start`, a multiple of `group`: x_σ and the teacher's answers (for Euler both branches' velocities v_c and v_∅,
     * else the effective velocity and v_c), each [count, length]. What a point need not keep comes last. `pause` throws when somebody wants to stop.
     */
    make(start: number, count: number, pause: () => void): Promise<Float32Array[]>;
    close(): Promise<void>;
  };
}

/** Numbers of points one after the other. */
export interface PointArrays {
  readonly latents: Float32Array;
  readonly target: Float32Array;
  readonly conditional: Float32Array;
}

export interface TeachingPoints {
  readonly count: number;
  /** Numbers of one picture's latents. */
  readonly length: number;
  /** Prompts in use: the source's first so many. */
  readonly items: number;
  /** Number, in the source, of the prompt that point `index` goes with. */
  item(index: number): number;
  /** A scale γ for which point `index` may be taught; consumes the same amount of `random` whatever it says. */
  scale(index: number, random: TrainingRandom): number;
  /**
   * Writes point `index` at `offset` of the arrays: x_σ, the target velocity at scale `guidance`, and the target at γ = 1. A reflecting
   * strategy's target is for the point's own scale, which is all that `scale` gives; at γ = 1 it has v_c, where the guidance is emphasised,
   * and else nothing is written there. Returns σ. Throws
   * StudioError `corrupt-file` where the file is shorter than it was, and what the disk says.
   */
  read(index: number, guidance: number, into: PointArrays, offset: number): number;
  /** Of the file; there is no reading after that. */
  close(): Promise<void>;
}

/** What decides the points of a request besides its teacher: two requests in which this is the same can share them. */
export function pointsIdentity({ strategy, reflection, scheduleSteps, guidanceRange, points, pointsFrom, prompts, seed, guidanceEmphasis, initFrom }: DistillRequest): object {
  return {
    strategy, points, pointsFrom, prompts, seed,
    ...(strategy !== 'euler' && { reflection }),
    ...(strategy !== 'euler' && guidanceEmphasis > 0 && { conditional: true }),
    ...((strategy !== 'euler' || pointsFrom !== 'noised') && { scheduleSteps, guidanceRange }),
    ...(pointsFrom === 'student' && { initFrom }),
  };
}

/** Which prompt point `index` goes with, counted on from the source's last to its first again. Never falls. */
const promptOf = ({ pointsFrom, scheduleSteps }: DistillRequest, index: number): number => (pointsFrom === 'noised' ? index : Math.floor(index / scheduleSteps));

/** How many prompts, the source's first, the points of a request go with. */
export const promptsInUse = (request: DistillRequest, source: Pick<PromptSource, 'count'>): number => Math.min(source.count, promptOf(request, request.points - 1) + 1);

/**
 * Computes the points that `folder` has not yet, in order, and returns all. Throws StudioError `cancelled` when stopped (whole groups
 * stay), `invalid-input` for a source that lacks pictures or has one of another size, `disk-full`, `permission`, and what networks and
 * source throw.
 */
export async function teachingPoints(setup: PointsSetup): Promise<TeachingPoints> {
  const { checkpoint, source, request } = setup;
  const { points: count, strategy, ownScaleShare } = request;
  const { in_channels: channels, sample_size: side } = checkpoint.transformer.config;
  const length = channels * side * side;
  const linear = strategy === 'euler';
  const hasConditional = linear || request.guidanceEmphasis > 0;
  const record = (hasConditional ? 3 : 2) * length;
  const kind = request.pointsFrom === 'noised' ? noisedPictures(setup) : trajectories(setup);
  const file = await stored(setup, kind, record, length);
  const data = new Float16Array(record);
  return {
    count, length,
    items: promptsInUse(request, source),
    item: (index) => promptOf(request, index) % source.count,
    scale(index, random) {
      const [fresh, choice] = [random.uniform(), random.uniform()];
      const { share } = kind.place(index);
      const own = share !== null && (!linear || choice < ownScaleShare);
      return scaleAt(request, own ? share : fresh);
    },
    read(index, guidance, { latents, target, conditional }, offset) {
      file.read(index, data);
      for (let i = 0; i < length; i++) {
        latents[offset + i] = data[i]!;
        const answer = data[length + i]!;
        // Any scale is a combination of the two branches, so one stored point serves all.
        target[offset + i] = linear ? data[2 * length + i]! + guidance * (answer - data[2 * length + i]!) : answer;
        if (hasConditional) conditional[offset + i] = linear ? answer : data[2 * length + i]!;
      }
      return kind.place(index).sigma;
    },
    close: () => file.close(),
  };
}

/** Records of one length after one another. */
interface PointsFile {
  /** Synchronous: see docs/decisions/distillation.md for what it costs. */
  read(index: number, into: Float16Array): void;
  close(): Promise<void>;
}

async function stored(setup: PointsSetup, kind: PointKind, record: number, length: number): Promise<PointsFile> {
  const { folder, request: { points: count } } = setup;
  const file = path.join(folder, pointsFile);
  const raise = (thrown: unknown): never => {
    throw fileError(thrown, file);
  };
  await mkdir(folder, { recursive: true }).catch(raise);
  const bytes = record * 2;
  const there = Math.floor(((await stat(file).catch(() => null))?.size ?? 0) / bytes);
  const done = there >= count ? count : Math.floor(there / kind.group) * kind.group;
  const handle = await open(file, done === 0 ? 'w+' : 'r+').catch(raise);
  try {
    setup.onPoints(done);
    if (done < count) await compute(setup, kind, done, async (start, parts, rows) => {
      const half = new Float16Array(rows * record);
      for (let row = 0; row < rows; row++) parts.slice(0, record / length).forEach((part, p) => half.set(part.subarray(row * length, (row + 1) * length), row * record + p * length));
      await handle.write(new Uint8Array(half.buffer), 0, half.byteLength, start * bytes).catch(raise);
      await handle.datasync().catch(raise);
    });
  } catch (thrown) {
    await handle.close();
    throw thrown;
  }
  return {
    read(index, into) {
      let done = 0;
      let length = 1;
      try {
        for (; done < bytes && length > 0; done += length) length = readSync(handle.fd, into, done, bytes - done, index * bytes + done);
      } catch (thrown) {
        raise(thrown);
      }
      if (done < bytes) {
        throw new StudioError('corrupt-file', `${file}: the teaching points became fewer while they were read.`, { hint: 'Go on with the job: what is missing is computed again.' });
      }
    },
    close: () => handle.close(),
  };
}

/** Groups of points from number `done` on, each given to `keep` before the next is computed. */
async function compute(
  { request: { points: count }, signal, onPoints }: PointsSetup, kind: PointKind, done: number,
  keep: (start: number, parts: readonly Float32Array[], rows: number) => Promise<void>,
): Promise<void> {
  const maker = kind.open();
  try {
    for (let start = done; start < count; start += kind.group) {
      const pause = (): void => {
        if (signal?.aborted) throw new StudioError('cancelled', `Stopped after ${start} of ${count} teaching points; they are kept.`);
      };
      pause();
      const rows = Math.min(kind.group, count - start);
      await keep(start, await maker.make(start, rows, pause), rows);
      onPoints(start + rows);
    }
  } finally {
    await maker.close();
  }
}
