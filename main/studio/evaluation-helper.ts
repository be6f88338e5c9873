// The host's end of an evaluation process: pictures are judged and reports put together there, so that neither holds up a window.
// Knows the process and its messages; what is judged, and when, is decided elsewhere.
import { fromErrorData, StudioError } from '../contract/errors.ts';
import type { EvaluationReport } from '../contract/evaluation.ts';
import { Child, type Death, type EngineCommand } from '../engine/child.ts';
import { parseFromHelper, type FromHelper, type Judged, type JudgeJob, type ReportJob, type ToHelper } from './evaluation-messages.ts';

type Answer = Extract<FromHelper, { kind: 'judged' | 'reported' }>;

interface Waiting {
  onProgress(secondsLeft: number): void;
  resolve(answer: Answer): void;
  reject(error: StudioError): void;
}

export class EvaluationHelper {
  readonly #child: Child<ToHelper, FromHelper>;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ready: Promise<void>;
  #nextId = 1;
  #dead: StudioError | null = null;

  /** Starts the process. */
  constructor(command: EngineCommand) {
    let ready!: () => void;
    this.#ready = new Promise((resolve) => (ready = resolve));
    this.#child = new Child<ToHelper, FromHelper>(command, parseFromHelper, {
      onMessage: (message) => (message.kind === 'ready' ? ready() : this.#receive(message)),
      onDeath: (death) => {
        this.#dead = crashed(death);
        ready();
        for (const { reject } of this.#waiting.values()) reject(this.#dead);
        this.#waiting.clear();
      },
    });
  }

  /** Throws StudioError: 'engine-crashed' when the process has died, 'invalid-input' for bytes that are no picture. */
  async judge(job: JudgeJob): Promise<Judged> {
    const answer = await this.#ask((id) => ({ kind: 'judge', id, job }));
    if (answer.kind !== 'judged') throw mixedUp();
    return answer.judged;
  }

  /** null as long as no prompt was drawn in every cell. Throws as `judge`, and what reading the evaluation's files throws. */
  async report(job: ReportJob, onProgress: Waiting['onProgress'] = () => {}): Promise<EvaluationReport | null> {
    const answer = await this.#ask((id) => ({ kind: 'report', id, job }), onProgress);
    if (answer.kind !== 'reported') throw mixedUp();
    return answer.report;
  }

  /** Ends the process at once; what it was asked for is rejected. It keeps nothing that is not on disk. */
  close(): void {
    this.#child.kill();
  }

  async #ask(message: (id: number) => ToHelper, onProgress: Waiting['onProgress'] = () => {}): Promise<Answer> {
    await this.#ready;
    if (this.#dead !== null) throw this.#dead;
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, onProgress });
      this.#child.send(message(id));
    });
  }

  #receive(message: Exclude<FromHelper, { kind: 'ready' }>): void {
    const waiting = this.#waiting.get(message.id);
    if (message.kind === 'progress') return waiting?.onProgress(message.secondsLeft);
    this.#waiting.delete(message.id);
    if (message.kind === 'failed') waiting?.reject(fromErrorData(message.error));
    else waiting?.resolve(message);
  }
}

function mixedUp(): StudioError {
  return new StudioError('internal', 'The evaluation process answered something else.');
}

function crashed({ code, signal, stderr }: Death): StudioError {
  return new StudioError('engine-crashed', `The evaluation process stopped unexpectedly (${signal ?? `exit code ${code ?? 'unknown'}`}).`, {
    hint: 'Resume the evaluation: what was drawn is kept.',
    ...(stderr.trim() !== '' && { details: stderr.trim() }),
  });
}
