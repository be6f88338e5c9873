// What the diffusion layer asks of a network: text in, velocities out, latents to pixels.
// Samplers and pipeline are written against these interfaces alone; they must not know how a network is stored or executed.
import type { Sampler } from '../contract/schemas.ts';

/** Text of one prompt as a network sees it. */
export interface PromptEmbedding {
  /** [tokenCount, tokenWidth], row-major. */
  readonly tokens: Float32Array;
  readonly tokenCount: number;
  /** [pooledWidth] */
  readonly pooled: Float32Array;
}

/** One branch of a network evaluation. */
export interface Condition {
  readonly embedding: PromptEmbedding;
  /**
   * Students only. `scale` is γ as a person means it: a student whose config says `guidance_embedding: "w"` subtracts the 1
   * itself. `nullPooled`: pooled embedding of the empty or negative prompt (METHOD.md's ∅).
   */
  readonly guidance?: { readonly scale: number; readonly nullPooled: Float32Array };
}

export type LatentShape = readonly [channels: number, height: number, width: number];

export interface VelocityModel {
  readonly latentShape: LatentShape;
  /**
   * Velocities at (latents, sigma), one per condition and in their order, all at the same latents; evaluated in one batch
   * where that is faster. `latents`: C·H·W float32, only read. The results belong to the caller. `sigma` in (0, 1].
   */
  velocity(latents: Float32Array, sigma: number, conditions: readonly Condition[]): Promise<Float32Array[]>;
}

export interface TextEncoder {
  /** Any text; what does not fit the token window is cut. The result may be cached and shared: nobody writes to it. */
  encode(prompt: string): Promise<PromptEmbedding>;
}

/** Rows from the top, three bytes a pixel. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

export interface ImageDecoder {
  /** `latents`: C·H·W float32 at σ = 0, as the sampler leaves them (still scaled and shifted). */
  decode(latents: Float32Array): Promise<Picture>;
}

export interface LatentPreview {
  /** A cheap look at latents (a linear map to RGB, one pixel per latent position). `latents`: C·H·W float32, only read. */
  preview(latents: Float32Array): Picture;
}

/** What a student's config says about how it was made. */
export interface StudentTraits {
  readonly distilledFrom: Sampler | null;
  /** Steps of the schedule it learned on; null when any number is right. */
  readonly distilledSteps: number | null;
  /** Scales γ it was trained with; null when unknown. */
  readonly guidanceRange: readonly [min: number, max: number] | null;
}

/** A loaded model, ready to sample. */
export interface PipelineParts {
  readonly velocityModel: VelocityModel;
  /** W2SD only: an earlier checkpoint of the teacher. Left out, the weak branch is `velocityModel` at the weak guidance. */
  readonly weakVelocityModel?: VelocityModel;
  readonly textEncoder: TextEncoder;
  readonly decoder: ImageDecoder;
  readonly preview: LatentPreview;
  /** The scheduler's timestep shift s: σ ↦ s·σ/(1+(s−1)·σ). 1 leaves σ as it is. */
  readonly shift: number;
  /** null: a teacher, guided by evaluating two branches. */
  readonly student: StudentTraits | null;
}
