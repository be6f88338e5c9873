// What a job will cost, from a few measured steps, and whether this machine has it. Pure arithmetic; nothing is measured here.
import type { ErrorData } from '../contract/errors.ts';
import { evaluatedScales, type JobConfig, type JobEstimate } from '../contract/jobs.ts';

/** What a training process has measured with few points and steps. */
export interface Measured {
  readonly secondsPerPoint: number;
  readonly secondsPerStep: number;
  /** A round of one picture, the opening of the network included; and a picture alone. */
  readonly secondsPerSample: number;
  readonly secondsPerPicture: number;
  /** One measurement of the validation loss; 0 where there is none. */
  readonly secondsPerValidation: number;
  readonly steps: number;
  /** Largest resident set of the process. */
  readonly peakBytes: number;
  /** Of one teaching point, on disk. */
  readonly pointBytes: number;
  /** Of one of the four copies that a checkpoint holds, of whatever learns of the student. */
  readonly copyBytes: number;
  /** Of the student's weights as a model has them, in half precision, its adapters included. */
  readonly studentBytes: number;
  /** Of one picture, unpacked. */
  readonly pictureBytes: number;
  /** Of the texts of all prompts, where the job keeps them at hand; the measured peak holds a few points' only. */
  readonly textBytes: number;
}

export interface Room {
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

/** Two that are kept and one that is being written. */
const checkpoints = 3;

/** Besides drawing a picture of an evaluation: judging it and storing it. */
const secondsPerJudgement = 0.1;

/** `subjects`: pictures of a round of samples; the teacher draws them once at `teacherCost` times a student's time. */
export function estimateOf(config: JobConfig, measured: Measured, room: Room, subjects: number, teacherCost: number): JobEstimate {
  const rounds = config.sampleEvery === 0 ? 0 : Math.ceil(config.steps / config.sampleEvery);
  const validations = config.validateEvery === 0 ? 0 : Math.ceil(config.steps / config.validateEvery);
  const evaluationSeconds = evaluationTime(config, measured, teacherCost);
  const seconds = evaluationSeconds + config.points * measured.secondsPerPoint + config.steps * measured.secondsPerStep
    + validations * measured.secondsPerValidation + subjects * (rounds + (rounds > 0 ? teacherCost : 0)) * measured.secondsPerSample;
  const memoryBytes = measured.peakBytes + measured.textBytes;
  // The student is there once for samples and once as the result.
  const pictures = (rounds + 1) * subjects + evaluatedPictures(config);
  const diskBytes = Math.round(config.points * measured.pointBytes + 4 * checkpoints * measured.copyBytes + 2 * measured.studentBytes + pictures * measured.pictureBytes);
  return {
    seconds, evaluationSeconds, memoryBytes, diskBytes,
    secondsPerPoint: measured.secondsPerPoint, secondsPerStep: measured.secondsPerStep, secondsPerSample: measured.secondsPerSample, measuredSteps: measured.steps,
    freeMemoryBytes: room.memoryBytes, freeDiskBytes: room.diskBytes,
    refusal: refusalOf(memoryBytes, diskBytes, room, config.points * measured.pointBytes),
  };
}

/**
 * Who draws at each scale of an evaluation, by the time of a student's picture: the student, its teacher at equal steps, the teacher at equal
 * passes; beside a reflecting one also Euler+CFG at equal passes and at the effective scale.
 */
const evaluatedCosts = ({ strategy }: JobConfig, teacherCost: number): number[] => [1, teacherCost, 1, ...(strategy === 'euler' ? [] : [1, 2])];

function evaluatedPictures(config: JobConfig): number {
  return config.evaluate === null ? 0 : evaluatedScales(config).length * config.evaluate.count * evaluatedCosts(config, 1).length;
}

function evaluationTime(config: JobConfig, measured: Measured, teacherCost: number): number {
  if (config.evaluate === null) return 0;
  const secondsPerPicture = (measured.secondsPerPicture * (config.evaluate.steps ?? config.scheduleSteps)) / config.scheduleSteps;
  const perPrompt = evaluatedCosts(config, teacherCost).reduce((sum, cost) => sum + cost * secondsPerPicture + secondsPerJudgement, 0);
  return evaluatedScales(config).length * config.evaluate.count * perPrompt;
}

function refusalOf(memoryBytes: number, diskBytes: number, room: Room, pointsBytes: number): ErrorData | null {
  if (memoryBytes > room.memoryBytes) {
    return {
      code: 'out-of-memory',
      message: `This job needs ${sized(memoryBytes)} of memory; ${sized(room.memoryBytes)} are free.`,
      hint: 'Close other programs, or choose a smaller batch or what else saves memory.',
    };
  }
  if (diskBytes > room.diskBytes) {
    return {
      code: 'disk-full',
      message: `This job needs ${sized(diskBytes)} on disk (${sized(pointsBytes)} of it for teaching points); ${sized(room.diskBytes)} are free where the library is.`,
      hint: 'Choose fewer teaching points, or free some space.',
    };
  }
  return null;
}

/** In the largest unit that leaves a digit before the point. */
export function sized(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]!}`;
}
