// What host and engine say to each other, as zod schemas checked on both sides of the process boundary.
// Knows no process: a message is plain data with typed arrays, carried by Node's `advanced` serialisation.
import { z } from 'zod';
import { ErrorData } from '../contract/errors.ts';
import { MetricId } from '../contract/metrics.ts';
import { GuidanceScale, ModelId, PromptText, Reflection, Sampler, Seed, Steps } from '../contract/schemas.ts';

/** Execution providers of ONNX Runtime that the studio can use. */
export const Provider = z.enum(['cpu', 'cuda', 'dml', 'coreml', 'webgpu']);
export type Provider = z.infer<typeof Provider>;

/** A registered metric as the host found it; another hash means that its files changed and it is opened anew. */
export const MetricRef = z.object({ id: MetricId, dir: z.string(), hash: z.string() });
export type MetricRef = z.infer<typeof MetricRef>;

/** Ties answers to the request they belong to; unique within one engine process. */
const JobId = z.int().min(1);

/** A model as the host resolved it; another hash means the files changed and the model is opened anew. */
export const ModelRef = z.object({ id: ModelId, hash: z.string() });
export type ModelRef = z.infer<typeof ModelRef>;

/** Everything that determines a picture's pixels on one device. */
export const PictureJob = z.object({
  model: ModelRef,
  prompt: PromptText,
  negativePrompt: PromptText,
  guidance: GuidanceScale,
  steps: Steps,
  seed: Seed,
  sampler: Sampler,
  reflection: Reflection,
});
export type PictureJob = z.infer<typeof PictureJob>;

/** What to run on, and where models may lie (folders, the first that holds a model's name wins). */
export const EngineConfig = z.object({
  provider: Provider,
  threads: z.int().min(1).max(256),
  modelDirs: z.array(z.string()),
});
export type EngineConfig = z.infer<typeof EngineConfig>;

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'bytes are expected');

/** Rows from the top, three bytes a pixel. */
export const RawPicture = z
  .object({ width: z.int().positive(), height: z.int().positive(), rgb: bytes })
  .refine((picture) => picture.rgb.length === picture.width * picture.height * 3, 'a picture has width·height·3 bytes');
export type RawPicture = z.infer<typeof RawPicture>;

/** What a metric is to score. */
export const ScoreJob = z.object({ metric: MetricRef, prompt: PromptText, picture: RawPicture });
export type ScoreJob = z.infer<typeof ScoreJob>;

/** Jobs are worked off one at a time, in order; `live` ones only among themselves skip to the newest. */
export const JobRequest = z.discriminatedUnion('kind', [
  /** Opens the models and evaluates each shape a run like `job` needs once, untimed. */
  z.object({ kind: z.literal('warm'), id: JobId, job: PictureJob }),
  z.object({ kind: z.literal('sample'), id: JobId, job: PictureJob }),
  /** A preview: no steps are reported, and a newer live job that waits replaces an older one that waits. */
  z.object({ kind: z.literal('live'), id: JobId, job: PictureJob }),
  /** A registered metric's number for a finished picture. */
  z.object({ kind: z.literal('score'), id: JobId, job: ScoreJob }),
  /** Tries providers, one after the other, against the CPU. */
  z.object({ kind: z.literal('probe'), id: JobId, providers: z.array(Provider), threads: z.int().min(1) }),
]);
export type JobRequest = z.infer<typeof JobRequest>;

export const HostMessage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('configure'), config: EngineConfig }),
  ...JobRequest.options,
  z.object({ kind: z.literal('cancel'), id: JobId }),
  z.object({ kind: z.literal('status') }),
  z.object({ kind: z.literal('shutdown') }),
]);
export type HostMessage = z.infer<typeof HostMessage>;

/** Progress of one picture. Times are milliseconds since its first step began. */
export const StepReport = z.object({
  /** Steps finished, from 1. */
  step: z.int(),
  steps: z.int(),
  nfe: z.int(),
  elapsedMs: z.number(),
  /** Judged by the passes so far. */
  remainingMs: z.number(),
  preview: RawPicture.nullable(),
});
export type StepReport = z.infer<typeof StepReport>;

/** A finished picture and what it cost; model loading and prompt encoding are in none of the times. */
export const SampledPicture = z.object({
  picture: RawPicture,
  nfe: z.int(),
  samplingMs: z.number(),
  decodeMs: z.number(),
  effectiveGuidance: z.number(),
  /** The sampler that really ran: a student's is always Euler. */
  sampler: Sampler,
  generator: z.string(),
  provider: Provider,
  threads: z.int(),
  runtime: z.string(),
});
export type SampledPicture = z.infer<typeof SampledPicture>;

/** What a provider did with a small graph. Times are milliseconds for the same work on it and on the CPU. */
export const ProbeReport = z.object({
  provider: Provider,
  /** Why it cannot be used, in the runtime's words; null when its results agree with the CPU's. */
  problem: z.string().nullable(),
  ms: z.number().nullable(),
  cpuMs: z.number().nullable(),
});
export type ProbeReport = z.infer<typeof ProbeReport>;

export const EngineMessage = z.discriminatedUnion('kind', [
  /** First message of a process. `runtime`: ONNX Runtime's version. */
  z.object({ kind: z.literal('ready'), pid: z.int(), node: z.string(), runtime: z.string() }),
  z.object({ kind: z.literal('status'), memoryBytes: z.int() }),
  /** Long work that reports no steps has begun or goes on (a model is being opened). */
  z.object({ kind: z.literal('alive'), id: JobId }),
  z.object({ kind: z.literal('step'), id: JobId, report: StepReport }),
  /** One provider of a `probe` job; the job ends with the last one. */
  z.object({ kind: z.literal('probed'), id: JobId, report: ProbeReport }),
  z.object({ kind: z.literal('warmed'), id: JobId, memoryBytes: z.int() }),
  /** A `sample` or `live` job's end. */
  z.object({ kind: z.literal('sampled'), id: JobId, memoryBytes: z.int(), result: SampledPicture }),
  z.object({ kind: z.literal('scored'), id: JobId, memoryBytes: z.int(), score: z.number() }),
  z.object({ kind: z.literal('failed'), id: JobId, memoryBytes: z.int(), error: ErrorData }),
]);
export type EngineMessage = z.infer<typeof EngineMessage>;

/** Checks an engine's message; null for anything else, such as a stray message of a library. */
export function parseEngineMessage(value: unknown): EngineMessage | null {
  const parsed = EngineMessage.safeParse(value);
  return parsed.success ? parsed.data : null;
}

/** Checks a host's message; null when it is not one. */
export function parseHostMessage(value: unknown): HostMessage | null {
  const parsed = HostMessage.safeParse(value);
  return parsed.success ? parsed.data : null;
}
