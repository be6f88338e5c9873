// The records of jobs as they are now: those of the library, and over them what a full disk keeps from being stored.
// Knows nothing of processes or events.
import { toErrorData } from '../contract/errors.ts';
import type { JobRecord } from '../contract/jobs.ts';
import { queue } from '../jobs/queue.ts';
import type { JobChanges } from '../library/repositories/jobs.ts';
import type { Services } from './services.ts';

export class JobStore {
  readonly #services: Pick<Services, 'library' | 'log'>;
  /** True all the same; stored with the next change that can be. */
  readonly #unstored = new Map<string, JobChanges>();

  constructor(services: Pick<Services, 'library' | 'log'>) {
    this.#services = services;
  }

  /** Throws 'not-found', also for a job in the trash. */
  read(id: string): JobRecord {
    return { ...this.#services.library.jobs.get(id), ...this.#unstored.get(id) };
  }

  /** Newest first, without the trash. */
  all(): JobRecord[] {
    return this.#services.library.jobs.list().map((record) => ({ ...record, ...this.#unstored.get(record.id) }));
  }

  /** Ids of the queue in its order. */
  waiting(): string[] {
    return queue(this.all()).map(({ id }) => id);
  }

  /** What a person asked for: stored, or refused. Throws 'disk-full', 'not-found'. */
  keep(id: string, changes: JobChanges): void {
    this.#services.library.jobs.update(id, { ...this.#unstored.get(id), ...changes });
    this.#unstored.delete(id);
  }

  /** What has happened, whether it can be stored or not. */
  note(id: string, changes: JobChanges): void {
    try {
      this.keep(id, changes);
    } catch (thrown) {
      this.#unstored.set(id, { ...this.#unstored.get(id), ...changes });
      this.#services.log(`What became of job ${id} could not be stored: ${toErrorData(thrown).message}`);
    }
  }
}
