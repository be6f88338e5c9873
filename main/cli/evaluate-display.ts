// Shows how far an evaluation has got, on stderr: JSON lines for programs, a bar on a terminal, a line now and then elsewhere.
import type { EvaluationProgress } from '../contract/evaluation.ts';
import { seconds, type Streams } from './terminal.ts';

const barWidth = 24;
/** Lines in all where nothing can be redrawn. */
const lines = 20;

/** One line that fits in `columns`: the bar, pictures, time left, what is being drawn. */
export function evaluateLine({ done, total, cell, secondsLeft }: EvaluationProgress, columns: number): string {
  const filled = total === 0 ? 0 : Math.round((barWidth * done) / total);
  const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
  const left = secondsLeft === null ? '' : `  ${seconds(1000 * secondsLeft)} left`;
  return `${bar} ${done}/${total} pictures${left}  ${cell ?? 'putting the report together'}`.slice(0, Math.max(1, columns - 1));
}

export class EvaluateDisplay {
  readonly #stream: Streams['stderr'];
  readonly #json: boolean;
  #lastLine: string | null = null;
  #drawn = false;

  constructor(stream: Streams['stderr'], json: boolean) {
    this.#stream = stream;
    this.#json = json;
  }

  show(progress: EvaluationProgress): void {
    if (this.#json) return void this.#stream.write(`${JSON.stringify(progress)}\n`);
    if (this.#stream.isTTY === true) {
      this.#stream.write(`\r\u001b[2K${evaluateLine(progress, this.#stream.columns ?? 80)}`);
      this.#drawn = true;
      return;
    }
    const line = progress.cell === null ? `report ${Math.ceil((progress.secondsLeft ?? 0) / 60)}` : String(Math.floor((lines * progress.done) / progress.total));
    if (this.#lastLine === line) return;
    this.#lastLine = line;
    this.#stream.write(`${evaluateLine(progress, 120)}\n`);
  }

  /** Removes the bar, so that what is written next starts on a clean line. */
  end(): void {
    if (this.#drawn) this.#stream.write('\r\u001b[2K');
    this.#drawn = false;
  }
}
