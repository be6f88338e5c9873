// Storybook's world as pictures to learn from: joins training, which knows only sources, with the drawn scenes.
import { describeSample } from '../storybook/dataset.ts';
import { stages, type Stage } from '../storybook/grammar.ts';
import { renderScene } from '../storybook/render.ts';
import { createRng } from '../storybook/rng.ts';
import type { PictureSource } from '../training/distillation-source.ts';

const shares: Readonly<Record<Stage, number>> = { 'one-plain': 0.3, one: 0.5, two: 0.2 };

/** `count` scenes, each with a caption of its own, `size` pixels wide and high; none of those kept out of training. */
export function storybookPictures(seed: number, count: number, size: number): PictureSource {
  const describe = (index: number) => describeSample(seed, index, stageOf(createRng(seed + 1, index).next()));
  return {
    count,
    caption: (index) => describe(index).caption,
    picture: async (index) => ({ rgb: await renderScene(describe(index).scene, size), width: size, height: size }),
  };
}

function stageOf(draw: number): Stage {
  let rest = draw;
  return stages.find((stage) => (rest -= shares[stage]) < 0) ?? 'one';
}
