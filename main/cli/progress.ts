// Shows how far a run has got, on stderr: a bar that redraws itself on a terminal, one line per picture elsewhere.
import type { EventData } from '../contract/contract.ts';
import { seconds, type Streams } from './terminal.ts';

type Step = EventData<'run.step'>;

const barWidth = 24;

/** One line that fits in `columns`: who draws, the bar, steps, passes, time left. */
export function progressLine(step: Step, columns: number): string {
  const filled = Math.round((barWidth * step.step) / step.steps);
  const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
  const left = step.remainingMs === null ? '' : `  ${seconds(step.remainingMs)} left`;
  return `${pictureName(step).padEnd(8)} ${bar} ${step.step}/${step.steps}  ${step.nfe} passes${left}`.slice(0, Math.max(1, columns - 1));
}

function pictureName(step: Pick<Step, 'role' | 'index'>): string {
  return step.role === 'single' ? `picture ${step.index + 1}` : step.role;
}

export class Progress {
  readonly #stream: Streams['stderr'];
  #current: string | null = null;

  constructor(stream: Streams['stderr']) {
    this.#stream = stream;
  }

  step(step: Step): void {
    const name = pictureName(step);
    if (this.#stream.isTTY === true) {
      this.#stream.write(`\r\u001b[2K${progressLine(step, this.#stream.columns ?? 80)}`);
    } else if (name !== this.#current) {
      this.#stream.write(`${name}: ${step.steps} steps\n`);
    }
    this.#current = name;
  }

  /** Removes the bar, so that what is written next starts on a clean line. */
  end(): void {
    if (this.#stream.isTTY === true && this.#current !== null) this.#stream.write('\r\u001b[2K');
    this.#current = null;
  }
}
