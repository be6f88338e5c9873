// Seeded training pictures with captions, and the prompts that are kept out of training to judge what was learned.
// Item `index` of a seed is always the same, however items are batched. Knows nothing of networks.
import { StudioError } from '../contract/errors.ts';
import { caption, sampleScene, type Stage } from './grammar.ts';
import { createRng, hashText, type Rng } from './rng.ts';
import { renderScene } from './render.ts';
import { facts, type Facts, type Scene } from './scene.ts';

/** `exclude` for training, `only` for judging generalisation. */
export type HeldOut = 'exclude' | 'only' | 'any';

export interface Sample {
  index: number;
  scene: Scene;
  caption: string;
  /** RGB bytes, size·size·3, rows from the top. */
  rgb: Uint8Array;
}

/** One combination in ten; the salt is chosen so that the studio's example prompts are learned. */
const heldOutShare = 10;
const salt = 'storybook-46';

/**
 * Whether a scene is kept out of training: a tenth of all combinations of object, colour and background, and a tenth of all
 * pairs of kinds.
 */
export function isHeldOut(scene: Scene): boolean {
  const unseen = (key: string): boolean => hashText(`${salt}/${key}`) % heldOutShare === 0;
  if (scene.objects.some(({ kind, colour }) => unseen(`${kind}/${colour}/${scene.background}`))) return true;
  return scene.objects.length === 2 && unseen(scene.objects.map(({ kind }) => kind).sort().join('+'));
}

/** A scene of a stage; by default none that is held out. */
export function sampleKnown(rng: Rng, stage: Stage, heldOut: HeldOut = 'exclude'): Scene {
  for (;;) {
    const scene = sampleScene(rng, stage);
    if (heldOut === 'any' || isHeldOut(scene) === (heldOut === 'only')) return scene;
  }
}

/** Scene and caption number `index` of a seed, without drawing it. */
export function describeSample(seed: number, index: number, stage: Stage, heldOut: HeldOut = 'exclude'): { scene: Scene; caption: string } {
  const rng = createRng(seed, index);
  const scene = sampleKnown(rng, stage, heldOut);
  return { scene, caption: caption(scene, rng) };
}

export interface BatchRequest {
  seed: number;
  /** First index. */
  start: number;
  count: number;
  stage: Stage;
  /** Pixels along a side. Default 128. */
  size?: number;
  heldOut?: HeldOut;
}

/**
 * Samples `start` to `start + count − 1`, drawn side by side on the machine's threads.
 * @throws StudioError `invalid-input` when a number is no integer of its range.
 */
export async function renderBatch({ seed, start, count, stage, size = 128, heldOut = 'exclude' }: BatchRequest): Promise<Sample[]> {
  if (![seed, start, count].every((value) => Number.isInteger(value) && value >= 0)) {
    throw new StudioError('invalid-input', 'The seed, start and count of a batch have to be integers of at least 0.');
  }
  return Promise.all(Array.from({ length: count }, async (_, i) => {
    const index = start + i;
    const described = describeSample(seed, index, stage, heldOut);
    return { index, ...described, rgb: await renderScene(described.scene, size) };
  }));
}

/** Samples from `start` on without end, drawn in chunks. */
export async function* samples(request: Omit<BatchRequest, 'count'>): AsyncGenerator<Sample, never> {
  const chunk = 16;
  for (let start = request.start; ; start += chunk) yield* await renderBatch({ ...request, start, count: chunk });
}

export interface EvaluationPrompt {
  prompt: string;
  /** For the starting noise. */
  seed: number;
  /** What a right picture shows. */
  facts: Facts;
}

/** The published evaluation list begins here; changing it makes scores incomparable. */
const evaluationSeed = 20_251;

/**
 * The first `count` prompts, no two alike, of the fixed list by which models are judged. By default only combinations that
 * training never shows; `exclude` gives the list of those that it does show.
 * @throws StudioError `invalid-input` when the world has not so many.
 */
export function heldOutPrompts(count: number, stage: Stage, heldOut: HeldOut = 'only'): EvaluationPrompt[] {
  const prompts = new Map<string, EvaluationPrompt>();
  for (let index = 0, repeats = 0; prompts.size < count; index += 1) {
    // A list this long without a new prompt is as good as exhausted.
    if (repeats > 1000) {
      throw new StudioError('invalid-input', `There are only ${prompts.size} different prompts of this kind.`);
    }
    const { scene, caption: prompt } = describeSample(evaluationSeed, index, stage, heldOut);
    repeats = prompts.has(prompt) ? repeats + 1 : 0;
    if (repeats === 0) prompts.set(prompt, { prompt, seed: 1000 + index, facts: facts(scene) });
  }
  return [...prompts.values()];
}
