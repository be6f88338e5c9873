// How far the evaluator itself can be trusted: what it reads right from fresh renders, and what it makes of spoilt ones. Fixed
// seeds: the same count gives the same pictures, and a smaller one the first of them.
import { StudioError } from '../contract/errors.ts';
import { corrupt, corruptionNames, corruptions, type Corruption } from './corruptions.ts';
import { describeSample } from './dataset.ts';
import { compare, factNames, readPicture, type FactName, type Reading } from './evaluator.ts';
import type { Stage } from './grammar.ts';
import { renderScene } from './render.ts';
import { createRng } from './rng.ts';
import { facts, type Scene } from './scene.ts';

/** Apart from those of training, of the published prompts, and of the pictures on which the evaluator was mended (70700 to 70999). */
const seeds = { renders: 81_100, corrupted: 81_200, corruption: 81_300 };
/** Render `i` is of stage `i mod 3`, all of held-out scenes. */
const renderStages: readonly Stage[] = ['one', 'two', 'one-plain'];

export interface FactTally {
  right: number;
  asked: number;
}

export interface CorruptedTally {
  asked: number;
  /** Named a kind or colour that is not there; of a picture without a whole object, any kind. */
  misread: number;
  /** Named the one object that is there, with its colour; only where a person might. */
  recognised: number;
  /** Saw no object, or one whose kind it does not name. */
  abstained: number;
}

export interface Trust {
  renders: Record<FactName, FactTally>;
  corrupted: Record<Corruption, CorruptedTally>;
}

/** Changes a picture before it is read, for measuring what a way through another form (an autoencoder, a file) costs. */
export type Change = (rgb: Uint8Array) => Uint8Array | Promise<Uint8Array>;

const checked = (count: number): number => {
  if (!Number.isInteger(count) || count < 0) throw new StudioError('invalid-input', `${count} is no number of pictures.`);
  return count;
};

/**
 * Facts read right from the first `count` renders of held-out scenes.
 * @throws StudioError `invalid-input` when the count is no integer of at least 0
 */
export async function measureRenders(count: number, change: Change = (rgb) => rgb): Promise<Trust['renders']> {
  const tallies = Object.fromEntries(factNames.map((name) => [name, { right: 0, asked: 0 }])) as Trust['renders'];
  for (let index = 0; index < checked(count); index += 1) {
    const { scene } = describeSample(seeds.renders, index, renderStages[index % renderStages.length]!, 'only');
    const { perFact } = compare(facts(scene), await readPicture(await change(await renderScene(scene)), 128));
    for (const name of factNames) {
      if (perFact[name] === null) continue;
      tallies[name].asked += 1;
      if (perFact[name]) tallies[name].right += 1;
    }
  }
  return tallies;
}

/**
 * What is made of the first `count` spoilt pictures of one object; they are spoilt in every way in turn.
 * @throws StudioError `invalid-input` when the count is no integer of at least 0
 */
export async function measureCorrupted(count: number): Promise<Trust['corrupted']> {
  const tallies = Object.fromEntries(corruptionNames.map((name) => [name, { asked: 0, misread: 0, recognised: 0, abstained: 0 }])) as Trust['corrupted'];
  for (let index = 0; index < checked(count); index += 1) {
    const corruption = corruptionNames[index % corruptionNames.length]!;
    const { scene } = describeSample(seeds.corrupted, index, 'one', 'any');
    const rgb = await corrupt(scene, corruption, createRng(seeds.corruption, index));
    const tally = tallies[corruption];
    tally.asked += 1;
    tally[verdict(scene, corruption, await readPicture(rgb, 128))] += 1;
  }
  return tallies;
}

/** What a reading of a spoilt picture comes to. */
export function verdict({ objects: [drawn] }: Scene, corruption: Corruption, { objects }: Reading): 'misread' | 'recognised' | 'abstained' {
  const named = objects.filter(({ kind }) => kind !== null);
  if (named.length === 0) return 'abstained';
  const right = ({ kind, colour }: Reading['objects'][number]): boolean => kind === drawn!.kind && (colour === null || colour === drawn!.colour);
  return corruptions[corruption].keepsObject && named.length === 1 && right(named[0]!) ? 'recognised' : 'misread';
}
