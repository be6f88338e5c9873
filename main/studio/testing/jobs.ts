// A studio with a tiny teacher and jobs of seconds, for tests of what happens to jobs.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { createTinyCheckpoint } from '../../../tests/fixtures/tiny.ts';
import type { CallInput, CallName, CallOutput } from '../../contract/contract.ts';
import type { ErrorData } from '../../contract/errors.ts';
import type { JobConfigInput, JobRecord, JobState } from '../../contract/jobs.ts';
import { openStudio, type Studio, type StudioOptions } from '../../studio.ts';

/** A job of a few steps, with a validation loss; at ordinary priority, so that a busy machine does not starve a test. */
export const tinyJob = (changes: Partial<JobConfigInput> = {}): JobConfigInput => ({
  name: 'tiny-student', steps: 8, batch: 2, points: 16, threads: 1, scheduleSteps: 3, learningRate: 1e-3, validateEvery: 4, sampleEvery: 0, checkpointEvery: 2, gentle: false,
  samples: [{ prompt: 'a red boat on the sea', seed: 3, guidance: 4 }], ...changes,
});

const folders: string[] = [];
// A hook that is registered within a test is never called.
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true, maxRetries: 5 }))));

/** A temporary folder that goes with the tests of this file. */
export async function temporaryFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `${name}-`));
  folders.push(folder);
  return folder;
}

/** A folder of models with one tiny teacher, `storybook`. */
export async function tinyModels(): Promise<string> {
  const folder = await temporaryFolder('models');
  await createTinyCheckpoint(folder);
  return folder;
}

export interface JobStudio {
  readonly studio: Studio;
  call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>>;
  /** The error of a call that must fail. */
  refused<N extends CallName>(name: N, input: CallInput<N>): Promise<ErrorData>;
  /** The job's record as soon as it is in one of these states. Rejects when it has ended in another. */
  reached(job: string, ...states: JobState[]): Promise<JobRecord>;
  /** Resolves at a message about a job's step of at least this number. */
  learned(job: string, step: number): Promise<void>;
  close(): Promise<void>;
}

const ends: readonly JobState[] = ['done', 'paused', 'cancelled', 'failed', 'interrupted'];

export async function openJobStudio(options: Pick<StudioOptions, 'modelDirs'> & Partial<StudioOptions>): Promise<JobStudio> {
  const studio = await openStudio({ log: () => {}, ...options });
  const result = <N extends CallName>(name: N, input: CallInput<N>) => studio.call(name, input);
  const call: JobStudio['call'] = async (name, input) => {
    const answer = await result(name, input);
    if (!answer.ok) throw Object.assign(new Error(`${name}: ${answer.error.message} ${answer.error.details ?? ''}`), answer.error);
    return answer.value;
  };
  return {
    studio, call,
    async refused(name, input) {
      const answer = await result(name, input);
      return answer.ok ? expect.fail(`${name} was not refused`) : answer.error;
    },
    reached(job, ...states) {
      return new Promise((resolve, reject) => {
        const look = (record: JobRecord) => {
          if (record.id !== job) return;
          if (states.includes(record.state)) resolve(record);
          else if (ends.includes(record.state)) reject(new Error(`the job is ${record.state}: ${JSON.stringify(record.reason)}`));
        };
        studio.on('job.changed', ({ job: record }) => look(record));
        call('jobs.get', { job }).then(look, reject);
      });
    },
    learned(job, step) {
      return new Promise((resolve) => {
        studio.on('job.metrics', (news) => {
          if (news.job === job && news.progress.phase === 'learning' && news.progress.step >= step) resolve();
        });
      });
    },
    close: () => studio.close(),
  };
}
