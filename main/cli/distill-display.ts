// Shows how far a distillation has got, on stderr: JSON lines for programs, a bar on a terminal, a line now and then elsewhere.
import type { JobEstimate, JobProgress } from '../contract/jobs.ts';
import { room, seconds, type Streams } from './terminal.ts';

const barWidth = 24;
/** Lines per phase where nothing can be redrawn. */
const lines = 20;

/** One line that fits in `columns`: the phase, the bar, steps, loss, rate, time left. */
export function distillLine({ phase, step, steps, loss, samplesPerSecond, secondsLeft }: JobProgress, columns: number): string {
  const filled = Math.round((barWidth * step) / steps);
  const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
  const shown = loss === null || phase === 'evaluating' ? '' : `  loss ${loss.toFixed(5)}`;
  return `${phase} ${bar} ${step}/${steps}${shown}  ${samplesPerSecond.toFixed(1)}/s  ${seconds(1000 * secondsLeft)} left`.slice(0, Math.max(1, columns - 1));
}

/** Measured time and room, beside what this machine has of it. */
export function estimateLine({ seconds: all, evaluationSeconds, memoryBytes, freeMemoryBytes, diskBytes, freeDiskBytes }: JobEstimate): string {
  const evaluation = evaluationSeconds === 0 ? '' : `, ${inWords(evaluationSeconds)} of it for the evaluation`;
  return `about ${inWords(all)}${evaluation}; ${room(memoryBytes)} of memory (${room(freeMemoryBytes)} are free), ${room(diskBytes)} on disk (${room(freeDiskBytes)} are free)`;
}

function inWords(time: number): string {
  if (time < 90) return `${Math.max(1, Math.round(time))} s`;
  const minutes = Math.round(time / 60);
  return minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}

export class DistillDisplay {
  readonly #stream: Streams['stderr'];
  readonly #json: boolean;
  #last: { phase: JobProgress['phase']; line: number } | null = null;
  #drawn = false;

  constructor(stream: Streams['stderr'], json: boolean) {
    this.#stream = stream;
    this.#json = json;
  }

  show(progress: JobProgress): void {
    if (this.#json) return void this.#stream.write(`${JSON.stringify(progress)}\n`);
    if (this.#stream.isTTY === true) {
      this.#stream.write(`\r\u001b[2K${distillLine(progress, this.#stream.columns ?? 80)}`);
      this.#drawn = true;
      return;
    }
    const line = Math.floor((lines * progress.step) / progress.steps);
    if (this.#last?.phase === progress.phase && this.#last.line === line) return;
    this.#last = { phase: progress.phase, line };
    this.#stream.write(`${distillLine(progress, 120)}\n`);
  }

  /** What it will cost, before it begins. */
  estimate(estimate: JobEstimate): void {
    this.end();
    this.#stream.write(`${this.#json ? JSON.stringify({ estimate }) : estimateLine(estimate)}\n`);
  }

  warning(message: string): void {
    this.end();
    this.#stream.write(this.#json ? `${JSON.stringify({ warning: message })}\n` : `warning: ${message}\n`);
  }

  /** A measurement of the validation loss: a line of its own. */
  validated(row: { step: number; loss: number }): void {
    this.end();
    this.#stream.write(this.#json ? `${JSON.stringify({ validation: row })}\n` : `step ${row.step}: validation loss ${row.loss.toFixed(5)}\n`);
  }

  /** Removes the bar, so that what is written next starts on a clean line. */
  end(): void {
    if (this.#drawn) this.#stream.write('\r\u001b[2K');
    this.#drawn = false;
  }
}
