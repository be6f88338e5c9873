// Distillation jobs behind the contract's calls.
import { StudioError } from '../contract/errors.ts';
import type { Handlers } from './services.ts';

export function jobHandlers() {
  const later = () => {
    throw new StudioError('unsupported', 'Distillation jobs cannot be run yet.');
  };
  const unknown = ({ job }: { job: string }) => {
    throw new StudioError('not-found', `There is no job ${job}.`);
  };
  return {
    'jobs.estimate': later,
    'jobs.start': later,
    'jobs.list': () => ({ jobs: [] }),
    'jobs.get': unknown,
    'jobs.metrics': unknown,
    'jobs.samples': unknown,
    'jobs.picture': unknown,
    'jobs.sampleNow': unknown,
    'jobs.saveNow': unknown,
    'jobs.pause': unknown,
    'jobs.resume': unknown,
    'jobs.cancel': unknown,
    'jobs.reorder': unknown,
    'jobs.duplicate': unknown,
    'jobs.delete': unknown,
    'jobs.restore': unknown,
    'jobs.export': unknown,
  } satisfies Partial<Handlers>;
}
