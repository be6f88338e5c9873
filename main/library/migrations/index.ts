import { runsAndImages } from './0001-runs-and-images.ts';
import { jobs } from './0002-jobs.ts';
import type { Migration } from './migrate.ts';

/** In order; a migration that has been released never changes again. */
export const migrations: readonly Migration[] = [runsAndImages, jobs];
