// What a distillation learns from, as whoever has it hands it over: prompts, with pictures or without.
// Knows no data set.
import type { DistillRequest } from '../contract/distillation.ts';

/** Prompts; number `index` is always the same. */
export interface PromptSource {
  readonly count: number;
  caption(index: number): string;
}

/** Pictures with captions. */
export interface PictureSource extends PromptSource {
  /** RGB bytes, rows from the top, of the size the teacher draws. */
  picture(index: number): Promise<{ rgb: Uint8Array; width: number; height: number }>;
}

export const hasPictures = (source: PromptSource): source is PictureSource => 'picture' in source;

/** A list of prompts as a source. */
export const promptSource = (prompts: readonly string[]): PromptSource => ({ count: prompts.length, caption: (index) => prompts[index]! });

/** The scale γ at a share in [0, 1) of the range that the student is to know. */
export const scaleAt = ({ guidanceRange: [low, high] }: Pick<DistillRequest, 'guidanceRange'>, share: number): number => low + (high - low) * share;
