// Does a little of a job to see what it costs: some points, a few steps, one picture, one validation. Everything real but short.
// Knows nothing of the machine's room; whoever asked adds up.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint } from '../checkpoints/folder.ts';
import { distil, type Distillation } from '../training/distillation.ts';
import { promptTableBytes } from '../training/distillation-batches.ts';
import { promptsInUse } from '../training/distillation-points.ts';
import { storedBytes } from '../training/distillation-student.ts';
import { pointsFile } from '../training/distillation-work.ts';
import type { MeasureReport } from './training-messages.ts';
import { drawStudent, type SampleSetup } from './training-samples.ts';

const steps = 4;
/** After this step the validation loss is measured, after that one a picture is drawn; the times between the others are steps. */
const [validatedAfter, drawnAfter] = [2, 3];

/** `job.folder` holds nothing else and is left with rubbish. Throws what distilling throws. */
export async function measureJob(job: Distillation, samples: SampleSetup): Promise<MeasureReport> {
  const { request } = job;
  // For noised pictures three groups, the first of which also opens the networks; a trajectory's points come all at once.
  const points = Math.min(request.points, request.pointsFrom === 'noised' ? 48 : 4 * request.scheduleSteps);
  const started = performance.now();
  const taught: { done: number; at: number }[] = [{ done: 0, at: started }];
  const stepped: number[] = [];
  let [validation, sample, picture, copyBytes, studentBytes] = [0, 0, 0, 0, 0];
  const now = () => performance.now();
  await distil({
    ...job,
    request: { ...request, points, steps },
    checkpointEvery: steps,
    validation: job.validation && { ...job.validation, every: validatedAfter },
    onProgress: ({ phase, step }) => void (phase === 'teaching' && taught.push({ done: step, at: now() })),
    onStep: () => stepped.push(now()),
    onValidated: ({ step }) => void (step === validatedAfter && (validation = now() - stepped.at(-1)!)),
    afterStep: async ({ step, student }) => {
      if (step !== drawnAfter) return;
      const before = now();
      const current = await student();
      copyBytes = current.weights.byteLength;
      studentBytes = storedBytes(current);
      const [subject] = samples.subjects;
      const drawn: number[] = [];
      // The second shows what a picture takes once the network is open.
      await drawStudent(current, { ...samples, subjects: subject === undefined ? [] : [subject, subject] }, () => drawn.push(now()));
      picture = drawn.length < 2 ? 0 : drawn[1]! - drawn[0]!;
      sample = now() - before - picture;
      // The next step begins now, not after the one before.
      stepped[stepped.length - 1] = now();
    },
  });
  const [first, last] = [taught.length > 2 ? taught[1]! : taught[0]!, taught.at(-1)!];
  const { checkpoint } = job;
  return {
    secondsPerPoint: (last.at - first.at) / 1000 / Math.max(1, last.done - first.done),
    secondsPerStep: Math.min(stepped[1]! - stepped[0]!, stepped[3]! - stepped[2]!) / 1000,
    secondsPerSample: sample / 1000,
    secondsPerPicture: picture / 1000,
    secondsPerValidation: validation / 1000,
    steps,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    pointBytes: Math.round((await stat(join(job.folder, pointsFile))).size / points),
    copyBytes,
    studentBytes,
    pictureBytes: pictureBytes(checkpoint),
    textBytes: promptTableBytes(request, promptsInUse(request, job.source), checkpoint),
  };
}

const pictureBytes = ({ width, height }: Checkpoint): number => width * height * 3;
