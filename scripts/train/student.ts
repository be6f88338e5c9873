// Distils the embedded TeEFusion student from the Storybook teacher under Euler+CFG: models/storybook-teefusion.
// The same code as `studio distill`, in this process and at its priority; what is there is replaced when the new one is whole.
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { openCheckpoint } from '../../main/checkpoints/folder.ts';
import { DistillRequest } from '../../main/contract/distillation.ts';
import { StudioError } from '../../main/contract/errors.ts';
import { storybookPictures } from '../../main/engine/storybook-pictures.ts';
import { distil } from '../../main/training/distillation.ts';
import { writeStudent } from '../../main/training/distillation-student.ts';
import { modelsFolder, scriptOptions, stopSignal } from './common.ts';

const { folder, threads, steps, seed } = scriptOptions('student');
const name = 'storybook-teefusion';
/** 500 steps at half this rate left the slider flat above 4: row minima of the matrix stood at 2 and 4 for 4 and 7. */
const request = DistillRequest.parse({ name, seed, threads, steps: steps ?? 1100, learningRate: 1e-3 });
const checkpoint = await openCheckpoint(path.join(modelsFolder, request.teacher), () => '');

const { student, outcome } = await distil({
  checkpoint, request, folder, otherWork: 'discard', signal: stopSignal(),
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
