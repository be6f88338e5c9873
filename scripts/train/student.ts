// Distils an embedded student from the Storybook teacher into models/: storybook-teefusion, or the one that --name says.
// The same code as `studio distill`, in this process and at its priority; what is there is replaced when the new one is whole.
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { openCheckpoint } from '../../main/checkpoints/folder.ts';
import { hashCheckpoint } from '../../main/checkpoints/hash.ts';
import { DistillRequest } from '../../main/contract/distillation.ts';
import { StudioError } from '../../main/contract/errors.ts';
import { storybookPictures } from '../../main/engine/storybook-pictures.ts';
import { distil } from '../../main/training/distillation.ts';
import { writeStudent } from '../../main/training/distillation-student.ts';
import { pointsName } from '../measure/ablation-list.ts';
import { modelsFolder, scriptOptions, stopSignal } from './common.ts';

/**
 * One pass per step for each strategy, and METHOD's baseline. They learn on trajectories: where the teacher goes at high scales, noised
 * pictures do not lie. Ten levels of a trajectory, so that the points come from many prompts.
 */
const common = {
  pointsFrom: 'trajectories', scheduleSteps: 10, points: 98_304, batch: 32, steps: 9600,
  optimizer: 'muon', learningRate: 1e-3, hold: 0.3, finalShare: 0.02, averageDecay: 0.995, lossKnee: 2, weighSteps: true,
} as const;
/** Goes on with points that it has not seen, each about once, and with more weight on the guidance, of which it does too little. */
const second = { ...common, points: 65_536, steps: 2000, learningRate: 5e-4, hold: 0, guidanceEmphasis: 3 } as const;
/** A reflecting strategy's points take three times as many passes. Its students go on from the one of plain guidance, which knows most of it. */
const reflecting = {
  ...common, name: 'storybook-reflecting', strategy: 'z-sampling', initFrom: 'storybook-teefusion',
  scheduleSteps: 20, points: 32_768, steps: 2000, learningRate: 5e-4,
} as const;
/** Then where its own pictures go, with more weight on the guidance: W2SD's too, whose effective scale is a half beside Z-Sampling's. */
const onItsWay = { ...reflecting, name: undefined, pointsFrom: 'student', points: 24_576, steps: 1200, hold: 0, guidanceEmphasis: 4 } as const;
/** The stages of each. The first begins as a copy of the teacher or of the embedded model that it names, a later one of the stage before. */
const recipes: Record<string, readonly z.input<typeof DistillRequest>[]> = {
  'storybook-teefusion': [common, second],
  'storybook-distillcfg': [common, second].map((stage) => ({ ...stage, kind: 'distillcfg' })),
  'storybook-teefusion-z': [reflecting, onItsWay],
  'storybook-teefusion-w2sd': [reflecting, { ...onItsWay, strategy: 'w2sd' }],
};

const { folder: parent, threads, steps, seed, name = 'storybook-teefusion' } = scriptOptions('students');
const stages = recipes[name];
if (!stages) throw new Error(`There is no student '${name}'; there are ${Object.keys(recipes).join(', ')}.`);
const open = (folder: string) => openCheckpoint(folder, (id) => path.join(modelsFolder, id));

/** Where a student of an earlier stage waits for the next. */
const waiting = path.join(parent, 'stages');
const signal = stopSignal();
let initFrom = stages[0]?.initFrom ? await open(path.join(modelsFolder, stages[0].initFrom)) : undefined;
for (const [index, stage] of stages.entries()) {
  const last = index === stages.length - 1;
  const own = last ? name : (stage.name ?? `${name}-${index + 1}`);
  const target = path.join(last ? modelsFolder : waiting, own);
  // A stage that is finished already costs a minute, and one that was of other settings is not taken for it.
  await learn(own, target, { ...stage, seed: seed + index, ...(initFrom && { initFrom: path.basename(initFrom.dir) }) });
  if (!last) initFrom = await open(target);
}

async function learn(own: string, target: string, recipe: z.input<typeof DistillRequest>): Promise<void> {
  const folder = path.join(parent, own);
  const request = DistillRequest.parse({ ...recipe, name: own, threads, ...(steps !== null && { steps }) });
  const checkpoint = await open(path.join(modelsFolder, request.teacher));

  // Students of one strategy learn from the same points, unless they are on the way of one of them.
  const shared = request.pointsFrom !== 'student';
  const pointsFolder = shared ? path.join(parent, pointsName(request, await hashCheckpoint(checkpoint))) : undefined;

  const { student, outcome } = await distil({
    checkpoint, initFrom, request, folder, pointsFolder, otherWork: 'discard', signal,
    source: storybookPictures(request.seed, request.points, checkpoint.width),
    onWarning: console.warn,
    onProgress({ phase, step, steps: total, loss, samplesPerSecond, secondsLeft }) {
      const every = phase === 'learning' ? 20 : 320;
      if (step % every !== 0 && step !== total) return;
      console.log(`${own}: ${phase} ${step}/${total}${loss === null ? '' : `  loss ${loss.toFixed(5)}`}  ${samplesPerSecond.toFixed(1)}/s  ${(secondsLeft / 60).toFixed(1)} min left`);
    },
  }).catch((thrown: unknown): never => {
    if (!(thrown instanceof StudioError) || thrown.code !== 'cancelled') throw thrown;
    console.log(`${thrown.message} The same command goes on.`);
    process.exit(1);
  });

  const fresh = path.join(path.dirname(target), `.${own}.new`);
  await rm(fresh, { recursive: true, force: true });
  await mkdir(path.dirname(target), { recursive: true });
  await writeStudent(fresh, own, student, checkpoint.dir);
  await rm(target, { recursive: true, force: true });
  await rename(fresh, target);
  console.log(`${own}: loss ${outcome.loss.toFixed(5)} after ${outcome.samples} samples, fusion scale ${outcome.fusionScale}.`);
}
