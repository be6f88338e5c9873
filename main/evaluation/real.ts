// The real counterpart of a list of prompts: one drawing for each, as the world draws what it states, and what the evaluator measures on it.
// Knows no model; the measures are the evaluator's and come from the caller.
import { StudioError } from '../contract/errors.ts';
import { sceneShowing } from '../storybook/grammar.ts';
import { renderScene } from '../storybook/render.ts';
import { createRng } from '../storybook/rng.ts';
import type { ListedPrompt } from './record.ts';

/** What the evaluator's eye measures on square pictures of RGB bytes: `features` of one length, the others in [0, 1]. */
export interface Eye {
  features(rgb: Uint8Array, size: number): ArrayLike<number> | Promise<ArrayLike<number>>;
  saturation(rgb: Uint8Array): number;
  contrast(rgb: Uint8Array): number;
}

export interface RealPicture {
  readonly features: ArrayLike<number>;
  readonly saturation: number;
  readonly contrast: number;
}

/** Apart from the seeds of training and of the published lists. */
const looks = 40_400;

/**
 * Draws and measures each prompt's picture; null for a prompt that cannot be read. Prompt `i` of a list always gets the same one.
 * @param size pixels along a side
 * @throws StudioError `cancelled`
 */
export async function measureReal(prompts: readonly ListedPrompt[], size: number, eye: Eye, signal?: AbortSignal): Promise<(RealPicture | null)[]> {
  const measured: (RealPicture | null)[] = [];
  for (const [index, { facts }] of prompts.entries()) {
    if (signal?.aborted) throw new StudioError('cancelled', 'Measuring the real pictures was stopped.');
    if (facts === null) {
      measured.push(null);
      continue;
    }
    const rgb = await renderScene(sceneShowing(facts, createRng(looks, index)), size);
    measured.push({ features: await eye.features(rgb, size), saturation: eye.saturation(rgb), contrast: eye.contrast(rgb) });
  }
  return measured;
}
