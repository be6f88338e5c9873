// Distils an embedded student from the Storybook teacher into models/: storybook-teefusion, or the one that --name says.
// The same code as `studio distill`, in this process and at its priority; what is there is replaced when the new one is whole.
import { rename, rm } from 'node:fs/promises';
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
const recipes: Record<string, z.input<typeof DistillRequest>> = {
  'storybook-teefusion': common,
  'storybook-distillcfg': { ...common, kind: 'distillcfg' },
  'storybook-teefusion-z': { ...common, strategy: 'z-sampling', scheduleSteps: 20 },
  'storybook-teefusion-w2sd': { ...common, strategy: 'w2sd', scheduleSteps: 20 },
};

const { folder: parent, threads, steps, seed, name = 'storybook-teefusion' } = scriptOptions('students');
const recipe = recipes[name];
if (!recipe) throw new Error(`There is no student '${name}'; there are ${Object.keys(recipes).join(', ')}.`);
const folder = path.join(parent, name);
const request = DistillRequest.parse({ ...recipe, name, seed, threads, ...(steps !== null && { steps }) });
const checkpoint = await openCheckpoint(path.join(modelsFolder, request.teacher), () => '');

// Students of one strategy learn from the same points.
const pointsFolder = path.join(parent, pointsName(request, await hashCheckpoint(checkpoint)));

const { student, outcome } = await distil({
  checkpoint, request, folder, pointsFolder, otherWork: 'discard', signal: stopSignal(),
  source: storybookPictures(seed, request.points, checkpoint.width),
  onWarning: console.warn,
  onProgress({ phase, step, steps: total, loss, samplesPerSecond, secondsLeft }) {
    const every = phase === 'learning' ? 20 : 320;
    if (step % every !== 0 && step !== total) return;
    console.log(`${phase} ${step}/${total}${loss === null ? '' : `  loss ${loss.toFixed(5)}`}  ${samplesPerSecond.toFixed(1)}/s  ${(secondsLeft / 60).toFixed(1)} min left`);
  },
}).catch((thrown: unknown): never => {
  if (!(thrown instanceof StudioError) || thrown.code !== 'cancelled') throw thrown;
  console.log(`${thrown.message} The same command goes on.`);
  process.exit(1);
});

const target = path.join(modelsFolder, name);
const fresh = path.join(modelsFolder, `.${name}.new`);
await rm(fresh, { recursive: true, force: true });
await writeStudent(fresh, name, student, checkpoint.dir);
await rm(target, { recursive: true, force: true });
await rename(fresh, target);
console.log(`${name}: loss ${outcome.loss.toFixed(5)} after ${outcome.samples} samples, fusion scale ${outcome.fusionScale}.`);
