// Draws a job's sample pictures: the student as it is between two steps, and its teacher once. The same pipeline that makes
// every other picture makes these; a student that is still learning is written to a folder for it first.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openCheckpoint, type Checkpoint } from '../checkpoints/folder.ts';
import type { SampleSubject } from '../contract/jobs.ts';
import type { DistillRequest } from '../contract/distillation.ts';
import { openPipelineParts } from '../diffusion/components.ts';
import { Pipeline } from '../diffusion/pipeline.ts';
import type { SessionOptions } from '../graph/session.ts';
import { writeStudent, type Student } from '../training/distillation-student.ts';
import type { RawPicture } from './messages.ts';

export interface SampleSetup {
  readonly teacher: Checkpoint;
  readonly request: DistillRequest;
  readonly subjects: readonly SampleSubject[];
  readonly workDir: string;
  readonly session: SessionOptions;
  readonly signal: AbortSignal;
}

type Show = (index: number, picture: RawPicture) => void;

/** The student's pictures of all subjects. Throws StudioError: 'cancelled', 'disk-full', what a pipeline throws. */
export async function drawStudent(student: Student, setup: SampleSetup, show: Show): Promise<void> {
  const folder = join(setup.workDir, 'sampled-student');
  await rm(folder, { recursive: true, force: true });
  await writeStudent(folder, setup.request.name, student, setup.teacher.dir);
  try {
    await draw(await openCheckpoint(folder, () => setup.teacher.dir), setup, setup.subjects.keys(), show);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The teacher's pictures of some subjects, by the sampler that is taught. Throws as `drawStudent`. */
export function drawTeacher(setup: SampleSetup, indices: readonly number[], show: Show): Promise<void> {
  return draw(setup.teacher, setup, indices, show);
}

async function draw(checkpoint: Checkpoint, { request, subjects, session, signal }: SampleSetup, indices: Iterable<number>, show: Show): Promise<void> {
  const parts = await openPipelineParts(checkpoint, session);
  try {
    const pipeline = new Pipeline(parts);
    for (const index of indices) {
      const { prompt, seed, guidance } = subjects[index]!;
      const { picture } = await pipeline.run(
        { prompt, seed, guidance, negativePrompt: '', steps: request.scheduleSteps, sampler: request.strategy, reflection: request.reflection }, { signal },
      );
      show(index, picture);
    }
  } finally {
    await parts.close();
  }
}
