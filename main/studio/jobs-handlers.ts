// What the contract offers about distillation jobs.
import type { Jobs } from './jobs.ts';
import type { Handlers } from './services.ts';

export function jobHandlers(jobs: Jobs) {
  return {
    'jobs.estimate': ({ config }) => jobs.estimate(config),
    'jobs.start': ({ config }) => jobs.start(config),
    'jobs.list': () => ({ jobs: jobs.list() }),
    'jobs.get': ({ job }) => jobs.get(job),
    'jobs.metrics': (query) => jobs.metrics(query),
    'jobs.samples': async ({ job }) => ({ samples: await jobs.samples(job) }),
    'jobs.picture': ({ job, step, index }) => jobs.picture(job, step, index),
    'jobs.sampleNow': ({ job }) => {
      jobs.sampleNow(job);
      return {};
    },
    'jobs.saveNow': ({ job }) => jobs.saveNow(job),
    'jobs.pause': ({ job }) => jobs.pause(job),
    'jobs.resume': ({ job }) => jobs.resume(job),
    'jobs.cancel': ({ job }) => jobs.cancel(job),
    'jobs.reorder': ({ job, before }) => ({ jobs: jobs.reorder(job, before) }),
    'jobs.duplicate': ({ job }) => jobs.duplicate(job),
    'jobs.delete': async ({ job, model }) => {
      await jobs.delete(job, model);
      return {};
    },
    'jobs.restore': ({ job }) => jobs.restore(job),
    'jobs.export': ({ job, format }) => jobs.export(job, format),
  } satisfies Partial<Handlers>;
}
