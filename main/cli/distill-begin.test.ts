// Which job `studio distill` begins or goes on with, and what it refuses: against the contract's calls alone.
import { expect, it } from 'vitest';
import type { CallName } from '../contract/contract.ts';
import { JobConfig, type JobEstimate, type JobRecord, type JobState } from '../contract/jobs.ts';
import type { ErrorData } from '../contract/errors.ts';
import { beginJob } from './distill-begin.ts';

const config = JobConfig.parse({ name: 'mine', steps: 100 });
const job = (state: JobState, changes: Partial<JobRecord> = {}): JobRecord => ({
  id: '1', name: 'mine', config, state, createdAt: '2026-01-01T00:00:00.000Z', startedAt: null, endedAt: null, position: null, progress: null, checkpointStep: 0, seconds: 0,
  memoryBytes: null, estimate: null, reason: null, warnings: [], teacherHash: null, dataHash: null, threads: null, device: null, model: null, evaluation: null, ...changes,
});
const fits: JobEstimate = {
  seconds: 100, evaluationSeconds: 0, secondsPerPoint: 0.2, secondsPerStep: 0.5, secondsPerSample: 1, measuredSteps: 4, memoryBytes: 1e9, diskBytes: 1e8,
  freeMemoryBytes: 2e9, freeDiskBytes: 2e9, refusal: null,
};

/** A studio with these jobs and models; answers what was called of it that changes something, and what was told. */
async function begun(wanted: JobConfig, { jobs = [], estimate = fits, models = [], restart = false }: { jobs?: JobRecord[]; estimate?: JobEstimate; models?: string[]; restart?: boolean }) {
  const asked: CallName[] = [];
  const told: JobEstimate[] = [];
  const warned: string[] = [];
  const answers: Partial<Record<CallName, unknown>> = {
    'jobs.list': { jobs }, 'models.list': models.map((id) => ({ id })), 'jobs.estimate': estimate, 'jobs.start': job('queued'), 'jobs.resume': job('queued'), 'jobs.delete': {},
  };
  const studio = {
    call: async (name: CallName) => {
      if (!name.endsWith('list')) asked.push(name);
      return { ok: true, value: answers[name] };
    },
  } as Parameters<typeof beginJob>[0];
  const signal = new AbortController().signal;
  const error = await beginJob(studio, wanted, { signal, restart, onMeasuring: () => {}, onWarning: (message) => warned.push(message), onEstimate: (one) => told.push(one) }).then(() => null, (thrown: unknown) => thrown as ErrorData);
  return { asked, told, warned, error };
}

it('estimates, then starts what fits; what does not is refused with the numbers before there is a job', async () => {
  expect(await begun(config, {})).toEqual({ asked: ['jobs.estimate', 'jobs.start'], told: [fits], warned: [], error: null });
  const refusal = { code: 'out-of-memory', message: 'This job needs 9.0 GB of memory; 2.0 GB are free.' } as const;
  const large = await begun(config, { estimate: { ...fits, refusal } });
  expect(large).toMatchObject({ asked: ['jobs.estimate'], told: [{ refusal }], error: refusal });
});

it('goes on with an unfinished job of the same settings, whatever it may take of the machine', async () => {
  for (const state of ['paused', 'interrupted', 'failed', 'cancelled'] as const) {
    expect(await begun({ ...config, threads: 3, gentle: false }, { jobs: [job(state, { estimate: fits })] })).toEqual({ asked: ['jobs.resume'], told: [fits], warned: ['It goes on as it began: threads 0, gentle true.'], error: null });
  }
  expect(await begun(config, { jobs: [job('done')] })).toMatchObject({ asked: ['jobs.estimate', 'jobs.start'], error: null });
});

it('throws unfinished work of other settings away only where that is asked for', async () => {
  const other = { ...config, steps: 90, evaluate: { count: 8, guidance: null, steps: null } };
  const refused = await begun(other, { jobs: [job('paused')] });
  expect(refused).toMatchObject({ asked: [], error: { code: 'invalid-input', message: expect.stringContaining('steps was 100, now 90; evaluate was null, now {"count":8'), hint: expect.stringContaining('--restart') } });
  expect(await begun(other, { jobs: [job('paused')], restart: true })).toMatchObject({ asked: ['jobs.delete', 'jobs.estimate', 'jobs.start'], error: null });
});

it('leaves alone what is at work and names that are taken', async () => {
  for (const state of ['queued', 'estimating', 'running'] as const) expect(await begun(config, { jobs: [job(state)], restart: true })).toMatchObject({ asked: [], error: { code: 'busy' } });
  expect(await begun(config, { models: ['storybook', 'mine'] })).toMatchObject({ asked: [], error: { code: 'invalid-input', message: 'There is a model "mine" already.' } });
});
