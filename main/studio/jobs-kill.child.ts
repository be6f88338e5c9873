// A host that starts a job and waits to be killed: for tests. Writes one line when the job has learned a little.
import type { JobConfigInput } from '../contract/jobs.ts';
import { openStudio } from '../studio.ts';

const [libraryDir, models, config, after] = process.argv.slice(2) as [string, string, string, string];
const studio = await openStudio({ libraryDir, modelDirs: [models], log: () => {} });
const started = await studio.call('jobs.start', { config: JSON.parse(config) as JobConfigInput });
if (!started.ok) throw new Error(started.error.message);
studio.on('job.metrics', ({ progress }) => {
  if (progress.phase === 'learning' && progress.step >= Number(after)) process.stdout.write(`${started.value.id} ${studio.trainingPid}\n`);
});
