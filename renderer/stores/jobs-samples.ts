// The sample pictures of a job by training step and subject. Pure.
import type { JobSample, SampleSubject } from '../../main/contract/jobs.ts';

export interface Subject extends SampleSubject {
  index: number;
}

/** The teacher's pictures first, then by step and number; each once. */
export function withSample(samples: readonly JobSample[], sample: JobSample): JobSample[] {
  const others = samples.filter(({ step, index }) => step !== sample.step || index !== sample.index);
  return [...others, sample].sort((a, b) => (a.step ?? -1) - (b.step ?? -1) || a.index - b.index);
}

/** Training steps at which pictures were drawn, ascending. */
export function stepsOf(samples: readonly JobSample[]): number[] {
  return [...new Set(samples.flatMap(({ step }) => (step === null ? [] : [step])))].sort((a, b) => a - b);
}

/** What is drawn, whoever drew it first. */
export function subjectsOf(samples: readonly JobSample[]): Subject[] {
  const subjects = new Map(samples.map(({ index, prompt, seed, guidance }) => [index, { index, prompt, seed, guidance }]));
  return [...subjects.values()].sort((a, b) => a.index - b.index);
}

export function has(samples: readonly JobSample[], step: number | null, index: number): boolean {
  return samples.some((sample) => sample.step === step && sample.index === index);
}

export const pictureKey = (job: string, step: number | null, index: number): string => `${job}/${step ?? 'teacher'}/${index}`;
