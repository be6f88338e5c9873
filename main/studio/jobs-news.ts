// Gathers what running jobs report and tells it in bundles: a tiny model makes a hundred steps a second, a window redraws less often.
import type { JobNews, JobProgress } from '../contract/jobs.ts';
import { metricsOf, type MetricRow, type ValidationRow } from '../jobs/metrics.ts';

/** At most four bundles a second. */
const pauseMs = 250;

export interface Standing {
  progress: JobProgress | null;
  /** Worked over all sittings. */
  seconds: number;
  memoryBytes: number | null;
  checkpointStep: number;
}

export class News {
  readonly #job: string;
  readonly #standing: () => Readonly<Standing>;
  readonly #tell: (news: JobNews) => void;
  #rows: MetricRow[] = [];
  #validation: ValidationRow[] = [];
  #timer: NodeJS.Timeout | null = null;

  /** `standing` is read when a bundle is told. */
  constructor(job: string, standing: () => Readonly<Standing>, tell: (news: JobNews) => void) {
    this.#job = job;
    this.#standing = standing;
    this.#tell = tell;
  }

  step(row: MetricRow): void {
    this.#rows.push(row);
    this.touch();
  }

  validated(row: ValidationRow): void {
    this.#validation.push(row);
    this.touch();
  }

  /** Something of the standing has changed. */
  touch(): void {
    this.#timer ??= setTimeout(() => this.flush(), pauseMs);
  }

  /** Tells what there is; nothing without news. */
  flush(): void {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    const { progress, seconds, memoryBytes, checkpointStep } = this.#standing();
    if (progress === null) return;
    const metrics = metricsOf(this.#rows, this.#validation);
    [this.#rows, this.#validation] = [[], []];
    this.#tell({ job: this.#job, progress, seconds, memoryBytes, checkpointStep, metrics });
  }
}
