// A host that starts a job, or goes on with the one there is, and is killed at a given moment of it: for tests.
import { watch } from 'node:fs';
import { join } from 'node:path';
import type { JobConfigInput } from '../contract/jobs.ts';
import { openStudio } from '../studio.ts';

const [libraryDir, models, config, moment] = process.argv.slice(2) as [string, string, string, string];
const studio = await openStudio({ libraryDir, modelDirs: [models], log: () => {} });
const die = (): void => void process.kill(process.pid, 'SIGKILL');

studio.on('job.metrics', ({ progress: { phase, step }, metrics }) => {
  if (moment === 'validating' ? metrics.validation.step.length > 0 : phase === moment && step > 1) die();
});
const known = await studio.call('jobs.list', {});
if (!known.ok) throw new Error(known.error.message);
// The student's folder comes up beside the models when it is being written.
if (moment === 'writing') watch(join(libraryDir, 'models'), (_, name) => void (name?.endsWith('.new') && die()));
const [job] = known.value.jobs;
const begun = job === undefined
  ? await studio.call('jobs.start', { config: JSON.parse(config) as JobConfigInput })
  : await studio.call('jobs.resume', { job: job.id });
if (!begun.ok) throw new Error(begun.error.message);
