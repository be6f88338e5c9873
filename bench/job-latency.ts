// How long a person waits for a student's picture while a student trains beside it: alone, beside a gentle job, beside a hurried one.
// The three take turns, so that whatever else the machine does falls on all of them. `npm run bench -- job-latency [ROUNDS]`.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallInput, CallName, CallOutput } from '../main/contract/contract.ts';
import type { JobRecord, JobState } from '../main/contract/jobs.ts';
import type { RunRecord } from '../main/contract/schemas.ts';
import { openStudio } from '../main/studio.ts';
import { machine, median, ratios, table } from './measure.ts';

const steps = 20;
/** In a row; the median counts. */
const pictures = 3;

type Call = <N extends CallName>(name: N, input: CallInput<N>) => Promise<CallOutput<N>>;
type Studio = Awaited<ReturnType<typeof openStudio>>;

export default async function jobLatency(args: string[] = []): Promise<void> {
  const rounds = Number(args[0] ?? 5);
  const libraryDir = await mkdtemp(join(tmpdir(), 'job-latency-'));
  const studio = await openStudio({ libraryDir, modelDirs: [join(import.meta.dirname, '..', 'models')], log: () => {} });
  const call: Call = async (name, input) => {
    const answer = await studio.call(name, input);
    if (!answer.ok) throw new Error(`${name}: ${answer.error.message}`);
    return answer.value;
  };
  try {
    await picture(studio, call);
    const jobs = { 'beside a gentle job': await begun(studio, call, true), 'beside a hurried job': await begun(studio, call, false) };
    const times: Record<string, number[]> = { alone: [], 'beside a gentle job': [], 'beside a hurried job': [] };
    const jobSteps: Record<string, number[]> = {};
    for (let round = 0; round < rounds; round++) {
      times['alone']!.push(await picture(studio, call));
      for (const [name, job] of Object.entries(jobs)) {
        const learning = learns(studio, job);
        await call('jobs.resume', { job });
        await learning;
        times[name]!.push(await picture(studio, call));
        await paused(studio, call, job);
        jobSteps[name] = (await call('jobs.metrics', { job })).ms;
      }
    }
    const slower = ratios(times, 'alone');
    console.log(machine());
    console.log(`a student's picture, ${steps} steps: milliseconds of denoising and decoding, the median of ${pictures} in a row; ${rounds} rounds, in which the three take turns`);
    table([
      ['picture', 'median ms', 'fastest', 'slowest', 'of alone', 'rounds from', 'to', 'job: median ms of a step'],
      ...Object.entries(times).map(([name, found]) => {
        const { median: factor, low, high } = slower[name]!;
        return [
          name, median(found).toFixed(0), Math.min(...found).toFixed(0), Math.max(...found).toFixed(0), `${factor.toFixed(2)} ×`, low.toFixed(2), high.toFixed(2),
          jobSteps[name] ? median(jobSteps[name]).toFixed(0) : '',
        ];
      }),
    ]);
  } finally {
    await studio.close();
    await rm(libraryDir, { recursive: true, force: true });
  }
}

/** A job at the default configuration, its few points taught and its cost measured, paused. Returns its id. */
async function begun(studio: Studio, call: Call, gentle: boolean): Promise<string> {
  const { id } = await call('jobs.start', { config: { name: gentle ? 'gentle' : 'hurried', gentle, points: 64, steps: 100_000, sampleEvery: 0, validateEvery: 0 } });
  await learns(studio, id);
  await paused(studio, call, id);
  return id;
}

/** Resolves two seconds into its training steps. */
async function learns(studio: Studio, id: string): Promise<void> {
  const learning = Promise.withResolvers<void>();
  const stop = [
    studio.on('job.metrics', ({ job, progress }) => job === id && progress.phase === 'learning' && learning.resolve()),
    studio.on('job.changed', ({ job }: { job: JobRecord }) => job.id === id && job.state === 'failed' && learning.reject(new Error(job.reason?.message))),
  ];
  await learning.promise.finally(() => stop.forEach((each) => each()));
  await sleep(2000);
}

async function paused(studio: Studio, call: Call, id: string): Promise<void> {
  const wanted: JobState = 'paused';
  const rests = Promise.withResolvers<void>();
  const stop = studio.on('job.changed', ({ job }: { job: JobRecord }) => job.id === id && job.state === wanted && rests.resolve());
  if ((await call('jobs.pause', { job: id })).state === wanted) rests.resolve();
  await rests.promise;
  stop();
}

/** The median of some pictures' times, ms. */
async function picture(studio: Studio, call: Call): Promise<number> {
  const ended = Promise.withResolvers<RunRecord>();
  const stop = studio.on('run.ended', ({ run }) => ended.resolve(run));
  await call('runs.generate', { model: 'storybook-teefusion', prompt: 'a red boat on the sea', steps, count: pictures });
  const run = await ended.promise;
  stop();
  if (run.state !== 'done') throw new Error(`the run is ${run.state}: ${run.error?.message}`);
  return median(run.images.map(({ ms }) => ms));
}
