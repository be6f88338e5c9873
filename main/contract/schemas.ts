// The nouns of the studio as zod schemas: requests, runs, images, models, devices.
// One source for the types on both sides of every boundary.
import { z } from 'zod';

export const Sampler = z.enum(['euler', 'z-sampling', 'w2sd']);
export type Sampler = z.infer<typeof Sampler>;

/** How a student takes its guidance scale (METHOD.md). */
export const StudentKind = z.enum(['teefusion', 'distillcfg', 'linear']);
export type StudentKind = z.infer<typeof StudentKind>;

/** Guidance scale γ: v = v_∅ + γ(v_c − v_∅); 1 is no guidance, 0 is the unconditional picture. Both are ordinary values. */
export const GuidanceScale = z.number().min(0).max(30);
export const Steps = z.int().min(1).max(200);
/** Seeds PyTorch's Mersenne Twister, which reads 32 bits. */
export const Seed = z.int().min(0).max(4294967295);
export const PromptText = z.string().max(2000);
export const Id = z.string().min(1).max(64).regex(/^[A-Za-z0-9_-]+$/);
/** A model's folder name. */
export const ModelId = z.string().min(1).max(128).regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/);

/** Settings of the reflection samplers (METHOD.md); what is left out takes the studio's default. */
export const Reflection = z.object({
  /** λ: how many leading steps reflect; never the last one. */
  steps: Steps.optional(),
  /** Z-Sampling's γ₂, the guidance of the way back. Default 0.5. */
  inversionGuidance: GuidanceScale.optional(),
  /** W2SD's weak guidance. Default 1. */
  weakGuidance: GuidanceScale.optional(),
  /** Reflect only while σᵢ₊₁ ≥ σᵢ/3. Default true. */
  guard: z.boolean().optional(),
});
export type Reflection = z.infer<typeof Reflection>;

const pictureRequest = {
  prompt: PromptText,
  negativePrompt: PromptText.default(''),
  guidance: GuidanceScale.default(5),
  steps: Steps.default(20),
  seed: Seed.default(7),
  sampler: Sampler.default('euler'),
  reflection: Reflection.default({}),
};

export const CompareRequest = z.object({
  ...pictureRequest,
  teacher: ModelId.default('storybook'),
  /** null: the student distilled from this sampler, else the TeEFusion one with a warning. */
  student: ModelId.nullable().default(null),
});
export type CompareRequest = z.infer<typeof CompareRequest>;

export const GenerateRequest = z.object({
  ...pictureRequest,
  model: ModelId,
  /** Pictures with seeds seed, seed+1, … */
  count: z.int().min(1).max(1000).default(1),
});
export type GenerateRequest = z.infer<typeof GenerateRequest>;

/** A student's picture while a slider moves: few steps, never stored. */
export const LiveRequest = z.object({
  prompt: PromptText,
  negativePrompt: PromptText.default(''),
  guidance: GuidanceScale,
  steps: z.int().min(1).max(6).default(4),
  seed: Seed,
  student: ModelId,
});
export type LiveRequest = z.infer<typeof LiveRequest>;

/** Small picture for previews: base64 of width·height·3 bytes, rows from the top. */
export const RgbPicture = z.object({ width: z.int().positive(), height: z.int().positive(), rgb: z.string() });
export type RgbPicture = z.infer<typeof RgbPicture>;

export const Role = z.enum(['teacher', 'student', 'single']);
export type Role = z.infer<typeof Role>;

/** Everything that determines an image's pixels, and what it cost. Times are milliseconds. */
export const ImageRecord = z.object({
  id: Id,
  run: Id,
  role: Role,
  model: ModelId,
  modelHash: z.string(),
  prompt: z.string(),
  negativePrompt: z.string(),
  guidance: z.number(),
  /** First-order equivalent CFG scale of the sampler (Z: 2γ₁−γ₂, W2SD: base+strong−weak). */
  effectiveGuidance: z.number(),
  steps: z.int(),
  seed: z.int(),
  sampler: Sampler,
  reflection: Reflection,
  /** Name of the random generator that made the starting noise. */
  generator: z.string(),
  nfe: z.int(),
  /** Denoising and decoding together; model loading and prompt encoding are not in it. */
  ms: z.number(),
  samplingMs: z.number(),
  decodeMs: z.number(),
  /** Execution provider, such as `cpu` or `webgpu`. */
  device: z.string(),
  threads: z.int(),
  runtime: z.string(),
  width: z.int(),
  height: z.int(),
  /** Of the PNG file. */
  sha256: z.string(),
  /** Of the decoded RGB bytes. */
  pixelSha256: z.string(),
  createdAt: z.iso.datetime(),
});
export type ImageRecord = z.infer<typeof ImageRecord>;

export const Verdict = z.enum(['teacher', 'tie', 'student', 'both-bad']);
export type Verdict = z.infer<typeof Verdict>;

/** `interrupted`: the host or the machine died while it ran. */
export const RunState = z.enum(['queued', 'running', 'done', 'cancelled', 'failed', 'interrupted']);
export type RunState = z.infer<typeof RunState>;

export const Warning = z.object({ code: z.string(), message: z.string() });
export type Warning = z.infer<typeof Warning>;

export const RunRecord = z.object({
  id: Id,
  kind: z.enum(['compare', 'generate']),
  state: RunState,
  createdAt: z.iso.datetime(),
  prompt: z.string(),
  negativePrompt: z.string(),
  guidance: z.number(),
  steps: z.int(),
  seed: z.int(),
  sampler: Sampler,
  reflection: Reflection,
  /** `compare`: both; `generate`: `model` is in `teacher` when it is a teacher, else in `student`. */
  teacher: ModelId.nullable(),
  student: ModelId.nullable(),
  count: z.int(),
  verdict: Verdict.nullable(),
  warnings: z.array(Warning),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }).nullable(),
  images: z.array(ImageRecord),
});
export type RunRecord = z.infer<typeof RunRecord>;

export const ModelInfo = z.object({
  id: ModelId,
  name: z.string(),
  kind: z.enum(['teacher', 'student']),
  /** Students only. */
  guidanceKind: StudentKind.nullable(),
  /** The teacher's id, of a student. */
  teacher: ModelId.nullable(),
  /** The teaching strategy of a student. */
  distilledFrom: Sampler.nullable(),
  /** Steps of the schedule a student learned on; null when any number is right. */
  distilledSteps: z.int().nullable(),
  /** Scales a student was trained with. */
  guidanceRange: z.tuple([z.number(), z.number()]).nullable(),
  width: z.int(),
  height: z.int(),
  bytes: z.int(),
  precision: z.string(),
  licence: z.string(),
  hash: z.string(),
  embedded: z.boolean(),
  /** Text of the model card (Markdown), when there is one. */
  card: z.string().nullable(),
  /** Why it cannot be run, when its files are damaged. */
  problem: z.string().nullable(),
});
export type ModelInfo = z.infer<typeof ModelInfo>;

export const PromptCheck = z.object({
  tokens: z.int(),
  maxTokens: z.int(),
  truncated: z.boolean(),
  /** Words that the model's tokenizer does not know, as typed. */
  unknownWords: z.array(z.string()),
});
export type PromptCheck = z.infer<typeof PromptCheck>;

/** Words and phrases a closed-vocabulary model knows, by kind. `open: true`: any text is understood. */
export const Vocabulary = z.object({
  open: z.boolean(),
  groups: z.array(z.object({ kind: z.string(), entries: z.array(z.string()) })),
  examples: z.array(z.string()),
});
export type Vocabulary = z.infer<typeof Vocabulary>;

export const DeviceReport = z.object({
  provider: z.string(),
  usable: z.boolean(),
  /** What the provider said, in words a person can read. */
  reason: z.string(),
  chosen: z.boolean(),
});
export type DeviceReport = z.infer<typeof DeviceReport>;

export const EngineStatus = z.object({
  state: z.enum(['stopped', 'starting', 'idle', 'busy', 'restarting']),
  device: z.string().nullable(),
  threads: z.int().nullable(),
  /** Resident set of the engine process. */
  memoryBytes: z.int().nullable(),
  queued: z.int(),
});
export type EngineStatus = z.infer<typeof EngineStatus>;

export const Doctor = z.object({
  studio: z.string(),
  node: z.string(),
  platform: z.string(),
  onnxruntime: z.string(),
  sqlite: z.string(),
  threads: z.int(),
  devices: z.array(DeviceReport),
  paths: z.record(z.string(), z.string()),
  freeDiskBytes: z.int(),
  memoryBytes: z.int(),
});
export type Doctor = z.infer<typeof Doctor>;

export const ReplayResult = z.object({
  image: Id,
  /** Same device, threads and runtime: byte for byte. Else `withinTolerance` tells. */
  identical: z.boolean(),
  sameConditions: z.boolean(),
  withinTolerance: z.boolean(),
  /** Peak signal-to-noise ratio against the stored picture, decibels; null when identical. */
  psnr: z.number().nullable(),
  sha256: z.string(),
  expectedSha256: z.string(),
});
export type ReplayResult = z.infer<typeof ReplayResult>;

export const Settings = z.object({
  theme: z.enum(['system', 'light', 'dark']).default('system'),
  locale: z.enum(['en', 'de']).default('en'),
  /** `auto` probes the providers in order. */
  device: z.enum(['auto', 'cpu', 'webgpu', 'dml', 'coreml', 'cuda']).default('auto'),
  /** 0: one per core. */
  threads: z.int().min(0).max(256).default(0),
  liveGuidance: z.boolean().default(true),
  /** After a live drag of the slider, compare in full where it was let go. */
  fullOnRelease: z.boolean().default(true),
  smoothPictures: z.boolean().default(false),
});
export type Settings = z.infer<typeof Settings>;

/** Some of the settings. Their defaults are taken off: a change must not reset what it leaves out. */
export const SettingsChange = z
  .object({
    theme: Settings.shape.theme.unwrap(),
    locale: Settings.shape.locale.unwrap(),
    device: Settings.shape.device.unwrap(),
    threads: Settings.shape.threads.unwrap(),
    liveGuidance: Settings.shape.liveGuidance.unwrap(),
    fullOnRelease: Settings.shape.fullOnRelease.unwrap(),
    smoothPictures: Settings.shape.smoothPictures.unwrap(),
  })
  .partial();
export type SettingsChange = z.infer<typeof SettingsChange>;
