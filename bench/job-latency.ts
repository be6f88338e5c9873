// How long a person waits for a student's picture while a student trains beside it: alone, beside a gentle job, beside a hurried one.
// The three take turns, so that whatever else the machine does falls on all of them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallInput, CallName, CallOutput } from '../main/contract/contract.ts';
import type { JobRecord } from '../main/contract/jobs.ts';
import type { RunRecord } from '../main/contract/schemas.ts';
import { openStudio } from '../main/studio.ts';

const steps = 20;
const rounds = 2;
const pictures = 3;

export default async function jobLatency(): Promise<void> {
  const libraryDir = await mkdtemp(join(tmpdir(), 'job-latency-'));
  const studio = await openStudio({ libraryDir, modelDirs: [join(import.meta.dirname, '..', 'models')], log: () => {} });
  const call = async <N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> => {
    const answer = await studio.call(name, input);
    if (!answer.ok) throw new Error(`${name}: ${answer.error.message}`);
    return answer.value;
  };
  try {
    const times: Record<string, number[]> = { alone: [], gentle: [], hurried: [] };
    await latencies(studio, call);
    for (let round = 0; round < rounds; round++) {
      times['alone']!.push(...(await latencies(studio, call)));
      for (const gentle of [true, false]) {
        const job = await training(studio, call, gentle);
        times[gentle ? 'gentle' : 'hurried']!.push(...(await latencies(studio, call)));
        await call('jobs.delete', { job });
      }
    }
    const alone = median(times['alone']!);
    process.stdout.write(`student, ${steps} steps, median of ${rounds * pictures} pictures (milliseconds, denoising and decoding)\n`);
    for (const [name, found] of Object.entries(times)) {
      process.stdout.write(`${name.padEnd(8)} ${median(found).toFixed(0).padStart(6)}  (${Math.min(...found).toFixed(0)} to ${Math.max(...found).toFixed(0)})  ${(median(found) / alone).toFixed(2)} x\n`);
    }
  } finally {
    await studio.close();
    await rm(libraryDir, { recursive: true, force: true });
  }
}

type Call = <N extends CallName>(name: N, input: CallInput<N>) => Promise<CallOutput<N>>;
type Studio = Awaited<ReturnType<typeof openStudio>>;

/** Starts a job of the default network and waits until it makes training steps. Returns its id. */
async function training(studio: Studio, call: Call, gentle: boolean): Promise<string> {
  const { id } = await call('jobs.start', { config: { gentle, points: 32, batch: 16, steps: 100_000, sampleEvery: 0, validateEvery: 0 } });
  const learning = new Promise<void>((resolve, reject) => {
    studio.on('job.metrics', ({ job, progress }) => job === id && progress.phase === 'learning' && resolve());
    studio.on('job.changed', ({ job }: { job: JobRecord }) => job.id === id && job.state === 'failed' && reject(new Error(job.reason?.message)));
  });
  await learning;
  await sleep(2000);
  return id;
}

async function latencies(studio: Studio, call: Call): Promise<number[]> {
  const ended = Promise.withResolvers<RunRecord>();
  const stop = studio.on('run.ended', ({ run }) => ended.resolve(run));
  await call('runs.generate', { model: 'storybook-teefusion', prompt: 'a red boat on the sea', steps, count: pictures });
  const run = await ended.promise;
  stop();
  if (run.state !== 'done') throw new Error(`the run is ${run.state}: ${run.error?.message}`);
  return run.images.map(({ ms }) => ms);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
