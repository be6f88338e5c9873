// Keeps one engine process at work: starts it, feeds it one job at a time, restarts it when it dies, ends it when it hangs.
// Knows processes and time limits; what a job computes, and what is done with its picture, is not its business.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { DeviceReport, EngineStatus } from '../contract/schemas.ts';
import { fromErrorData, StudioError } from '../contract/errors.ts';
import { EngineChild, type Death, type EngineCommand } from './child.ts';
import { DeviceSelection, resolveThreads, type EngineSettings } from './device-selection.ts';
import type { DeviceChoice } from './devices.ts';
import { PictureJob, ScoreJob, type EngineMessage, type SampledPicture, type StepReport } from './messages.ts';
import { admits, deathError, defaultLimits, gaveUpError, isCrash, nextTask, recentCrashes, restartDelay, type EngineLimits, type KillReason } from './policy.ts';

export interface EngineOptions {
  readonly command: EngineCommand;
  /** Folders of models, the first that holds a model's name wins. */
  readonly modelDirs: readonly string[];
  readonly settings: EngineSettings;
  readonly limits?: Partial<EngineLimits>;
}

export interface JobOptions {
  /** Aborting stops a running job within one step, a waiting one at once; the job rejects with 'cancelled'. */
  readonly signal?: AbortSignal;
  readonly onStep?: (report: StepReport) => void;
}

/** What is to be done, without the number that its answer carries. */
type Work = { readonly kind: 'warm' | 'sample' | 'live'; readonly job: PictureJob } | { readonly kind: 'score'; readonly job: ScoreJob };
/** How a job ends well. */
type Outcome = Extract<EngineMessage, { kind: 'warmed' | 'sampled' | 'scored' }>;

interface Task {
  readonly kind: Work['kind'];
  readonly id: number;
  readonly work: Work;
  readonly onStep: ((report: StepReport) => void) | undefined;
  cancelling: boolean;
  resolve(outcome: Outcome): void;
  reject(error: StudioError): void;
}

interface Running {
  readonly child: EngineChild;
  ready: boolean;
  killed: KillReason;
}

export class EngineSupervisor {
  readonly #options: EngineOptions;
  readonly #limits: EngineLimits;
  readonly #devices: DeviceSelection;
  readonly #closing = new AbortController();
  readonly #statusListeners = new Set<(status: EngineStatus) => void>();
  readonly #waiting: Task[] = [];
  #settings: EngineSettings;
  #active: Task | null = null;
  #process: Running | null = null;
  #launching: Promise<void> | null = null;
  #choice: DeviceChoice | null = null;
  /** The process was configured with other settings than these. */
  #stale = false;
  #state: EngineStatus['state'] = 'stopped';
  #memoryBytes: number | null = null;
  #runtime: string | null = null;
  #crashes: number[] = [];
  #lastStderr = '';
  #nextId = 1;
  #watchdog: NodeJS.Timeout | undefined;
  #closed: Promise<void> | null = null;
  #onDead: (() => void) | null = null;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#devices = new DeviceSelection(options.command, this.#limits.probeMs, this.#closing.signal);
  }

  /** Starts the process, so that the first job finds it ready. Not needed: a job starts it too. Throws StudioError when it cannot. */
  async start(): Promise<void> {
    await this.#launch();
    if (this.#process === null) throw this.#closed === null ? fromErrorData(gaveUpError(this.#lastStderr)) : stopped();
  }

  /** Opens the job's model and evaluates each of its batch shapes once. Throws as `sample`. */
  async warm(job: PictureJob, options: JobOptions = {}): Promise<void> {
    await this.#enqueue({ kind: 'warm', job }, options);
  }

  /** Throws StudioError: 'busy', 'cancelled', 'engine-crashed', 'timeout' and whatever the pipeline throws. */
  async sample(job: PictureJob, options: JobOptions = {}): Promise<SampledPicture> {
    return pictureOf(await this.#enqueue({ kind: 'sample', job }, options));
  }

  /** A preview; waits behind other jobs, and rejects with 'cancelled' when a newer preview is asked for before it begins. */
  async live(job: PictureJob, options: JobOptions = {}): Promise<SampledPicture> {
    for (const older of this.#waiting.filter((task) => task.kind === 'live')) this.#cancel(older);
    return pictureOf(await this.#enqueue({ kind: 'live', job }, options));
  }

  /** A registered metric's number for a picture. Throws as `sample`, and as `openScorer` and its scorer. */
  async score(job: ScoreJob, options: JobOptions = {}): Promise<number> {
    const outcome = await this.#enqueue({ kind: 'score', job }, options);
    if (outcome.kind !== 'scored') throw new StudioError('internal', 'The engine ended a metric without a number.');
    return outcome.score;
  }

  /** What every provider of this machine said; tries those that were not tried yet. */
  devices(): Promise<DeviceReport[]> {
    return this.#devices.reports(this.#settings);
  }

  /** ONNX Runtime's version; null until an engine has started once. */
  get runtime(): string | null {
    return this.#runtime;
  }

  get pid(): number | undefined {
    return this.#process?.child.pid;
  }

  /** Takes effect before the next job. */
  configure(settings: EngineSettings): void {
    if (settings.device === this.#settings.device && settings.threads === this.#settings.threads) return;
    this.#settings = settings;
    this.#choice = null;
    this.#stale = true;
    if (this.#process !== null && this.#active === null) void this.#launch();
  }

  status(): EngineStatus {
    return {
      state: this.#state,
      device: this.#choice?.provider ?? null,
      threads: this.#choice === null ? null : resolveThreads(this.#settings.threads),
      memoryBytes: this.#memoryBytes,
      queued: this.#waiting.length + (this.#active === null ? 0 : 1),
    };
  }

  onStatus(listener: (status: EngineStatus) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  /** Refuses what waits, stops what runs, ends the process. Resolves when it is gone. */
  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  // --- jobs ---

  #enqueue(work: Work, { signal, onStep }: JobOptions): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== null || signal?.aborted) return reject(stopped());
      // The engine would not understand it, and never answer.
      const wrong = (work.kind === 'score' ? ScoreJob : PictureJob).safeParse(work.job).error;
      if (wrong) return reject(new StudioError('invalid-input', `This picture cannot be ${work.kind === 'score' ? 'scored' : 'made'}: ${z.prettifyError(wrong)}`));
      if (!admits(this.#waiting.length, this.#limits)) {
        return reject(new StudioError('busy', 'The engine has too much to do.', { hint: 'Wait until some of it is done.' }));
      }
      const onAbort = () => this.#cancel(task);
      const settled = () => signal?.removeEventListener('abort', onAbort);
      const task: Task = {
        kind: work.kind, id: this.#nextId++, work, onStep, cancelling: false,
        resolve: (outcome) => (settled(), resolve(outcome)),
        reject: (error) => (settled(), reject(error)),
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(task);
      this.#publish(this.#state);
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#active !== null || this.#closed !== null || this.#launching !== null) return;
    const task = nextTask(this.#waiting);
    if (!this.#process?.ready || this.#stale) return void (task !== undefined && this.#launch());
    if (task === undefined) return this.#publish('idle');
    this.#waiting.splice(this.#waiting.indexOf(task), 1);
    this.#active = task;
    this.#process.child.send({ ...task.work, id: task.id });
    this.#watch(this.#limits.silenceMs, 'timeout');
    this.#publish('busy');
  }

  #cancel(task: Task): void {
    const index = this.#waiting.indexOf(task);
    if (index >= 0) {
      this.#waiting.splice(index, 1);
      task.reject(stopped());
      this.#publish(this.#state);
    } else if (task === this.#active) {
      task.cancelling = true;
      this.#process?.child.send({ kind: 'cancel', id: task.id });
      this.#watch(this.#limits.cancelGraceMs, 'cancelled');
    }
  }

  #finish(settle: (task: Task) => void): void {
    clearTimeout(this.#watchdog);
    const task = this.#active;
    this.#active = null;
    if (task !== null) settle(task);
    this.#pump();
  }

  /** Ends the process unless it is called again, or the job ends, within `ms`. */
  #watch(ms: number, reason: KillReason): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => {
      if (this.#process === null) return;
      this.#process.killed = reason;
      this.#process.child.kill();
    }, ms);
  }

  // --- the process ---

  /** Brings the process to readiness; one attempt at a time. Whoever waits is served when it is ready, or refused. */
  #launch(): Promise<void> {
    this.#launching ??= this.#tryLaunch()
      .catch((thrown: unknown) => this.#refuseAll(thrown instanceof StudioError ? thrown : new StudioError('internal', String(thrown), { cause: thrown })))
      .finally(() => {
        this.#launching = null;
        this.#pump();
      });
    return this.#launching;
  }

  async #tryLaunch(): Promise<void> {
    do {
      if (!(await this.#waitToStart())) return;
      const settings = this.#settings;
      // At the same time: trying devices starts processes of its own.
      const choosing = this.#devices.choose(settings);
      if (this.#process === null) await this.#spawn();
      this.#choice = await choosing;
      if (this.#closing.signal.aborted) return;
      const config = { provider: this.#choice.provider, threads: resolveThreads(settings.threads), modelDirs: [...this.#options.modelDirs] };
      this.#process?.child.send({ kind: 'configure', config });
      this.#process?.child.send({ kind: 'status' });
      this.#stale = this.#settings !== settings;
    } while (!this.#process?.ready || this.#stale);
  }

  /** Waits as long as crashes before this start ask for; false when the studio closes meanwhile. */
  async #waitToStart(): Promise<boolean> {
    if (this.#process === null) {
      const delay = restartDelay(this.#crashes, Date.now());
      if (delay === null) this.#giveUp();
      this.#publish(this.#crashes.length > 0 ? 'restarting' : 'starting');
      await sleep(delay ?? 0, undefined, { signal: this.#closing.signal }).catch(() => {});
    }
    return !this.#closing.signal.aborted;
  }

  /** After too many crashes: on a graphics card go on with the CPU, on the CPU stop. */
  #giveUp(): void {
    if (this.#choice === null || this.#choice.provider === 'cpu') throw fromErrorData(gaveUpError(this.#lastStderr));
    this.#devices.ruleOut(this.#choice.provider, 'it crashed the engine again and again');
    this.#crashes = [];
  }

  /** Resolves when the process has said that it is ready, or when it has died before. */
  #spawn(): Promise<void> {
    return new Promise((resolve) => {
      const child = new EngineChild(this.#options.command, {
        onMessage: (message) => {
          if (message.kind !== 'ready') return this.#receive(message);
          clearTimeout(this.#watchdog);
          this.#runtime = message.runtime;
          running.ready = true;
          resolve();
        },
        onDeath: (death) => {
          this.#bury(running, death);
          resolve();
        },
      });
      const running: Running = { child, ready: false, killed: null };
      this.#process = running;
      this.#watch(this.#limits.startMs, 'timeout');
    });
  }

  #receive(message: EngineMessage): void {
    if ('memoryBytes' in message) this.#memoryBytes = message.memoryBytes;
    if (!('id' in message) || message.id !== this.#active?.id) return;
    if (!this.#active.cancelling) this.#watch(this.#limits.silenceMs, 'timeout');
    switch (message.kind) {
      case 'step':
        return this.#active.onStep?.(message.report);
      case 'warmed':
      case 'sampled':
      case 'scored':
        return this.#finish((task) => task.resolve(message));
      case 'failed':
        return this.#finish((task) => task.reject(fromErrorData(message.error)));
    }
  }

  /** The process is dead: its job ends with the reason, and a new one is started. */
  #bury(running: Running, death: Death): void {
    clearTimeout(this.#watchdog);
    this.#process = null;
    this.#memoryBytes = null;
    this.#lastStderr = death.stderr;
    if (isCrash(running.killed)) this.#crashes = [...recentCrashes(this.#crashes, Date.now()), Date.now()];
    const task = this.#active;
    this.#active = null;
    task?.reject(fromErrorData(deathError(running.killed, death.code, death.signal, death.stderr)));
    this.#onDead?.();
    if (this.#closed === null) void this.#launch();
  }

  #refuseAll(error: StudioError): void {
    for (const task of this.#waiting.splice(0)) task.reject(error);
    this.#publish('stopped');
  }

  async #shutDown(): Promise<void> {
    this.#closing.abort();
    for (const task of this.#waiting.splice(0)) task.reject(stopped());
    if (this.#process !== null) {
      const dead = new Promise<void>((resolve) => (this.#onDead = resolve));
      this.#process.killed = 'closing';
      this.#process.child.send({ kind: 'shutdown' });
      this.#watch(this.#limits.cancelGraceMs, 'closing');
      await dead;
    }
    await this.#launching;
    this.#publish('stopped');
    this.#statusListeners.clear();
  }

  #publish(state: EngineStatus['state']): void {
    this.#state = state;
    const status = this.status();
    for (const listener of this.#statusListeners) listener(status);
  }
}

function pictureOf(outcome: Outcome): SampledPicture {
  if (outcome.kind !== 'sampled') throw new StudioError('internal', 'The engine ended a picture without one.');
  return outcome.result;
}

function stopped(): StudioError {
  return new StudioError('cancelled', 'Stopped.');
}
