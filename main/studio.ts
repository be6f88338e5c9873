// The studio: library, models and engine behind the contract's calls and events. Electron, server and command line hold one of these.
// Knows no transport and no window; composes services and leaves each domain's work to its handlers.
import { join } from 'node:path';
import { z } from 'zod';
import { calls, type CallInput, type CallName, type CallOutput, type EventData, type EventName, type Unsubscribe } from './contract/contract.ts';
import { StudioError, toErrorData, type Result } from './contract/errors.ts';
import type { EvaluationPictureAddress } from './contract/picture-address.ts';
import type { EngineLimits } from './engine/policy.ts';
import { findNode } from './engine/node-binary.ts';
import { EngineSupervisor } from './engine/supervisor.ts';
import { trainingEnvironment } from './engine/training-host.ts';
import { openLibrary } from './library/library.ts';
import { defaultLibraryDir } from './library/location.ts';
import type { OwnerInfo, Ownership } from './library/lock.ts';
import { appHandlers, statusOf } from './studio/app.ts';
import { EvaluationStore } from './studio/evaluation-files.ts';
import { evaluationHandlers, Evaluations } from './studio/evaluations.ts';
import { StudioEvents } from './studio/events.ts';
import { imageHandlers } from './studio/images.ts';
import { Jobs } from './studio/jobs.ts';
import { jobHandlers } from './studio/jobs-handlers.ts';
import { AllowedPaths } from './studio/jobs-paths.ts';
import { Live, liveHandlers } from './studio/live.ts';
import { modelHandlers } from './studio/model-calls.ts';
import { Models } from './studio/models.ts';
import { pathHandlers, type PickPath } from './studio/path-calls.ts';
import { runHandlers, Runs } from './studio/runs.ts';
import type { Handlers, Services } from './studio/services.ts';
import { settingsHandlers } from './studio/settings.ts';
import { WorkQueue } from './studio/work-queue.ts';

export interface StudioOptions {
  /** Default: the user's library. */
  readonly libraryDir?: string;
  /** Of a library that the caller has taken already. */
  readonly ownership?: Ownership;
  /** Folders of the models that come with the studio. */
  readonly modelDirs: readonly string[];
  /** Further folders of models; these and the library's own `models` go before those that come with the studio. */
  readonly userModelDirs?: readonly string[];
  /** The engine's entry file. Default: its source. */
  readonly engineEntry?: string;
  /** Entry file of the process that judges pictures and puts reports together. Default: its source. */
  readonly evaluationEntry?: string;
  /** Sketches of the pictures that Storybook was trained on, by which copies are found. Default: the checkout's. */
  readonly trainingSketches?: string;
  /** Entry file of the process that trains. Default: its source. */
  readonly trainingEntry?: string;
  /** Folders and files that a window may name as a source of prompts. */
  readonly allowedPaths?: readonly string[];
  /** The host's dialog for one more of them; without it there is none. */
  readonly pickPath?: PickPath;
  /** The Node that runs the engine. Default: see findNode. */
  readonly nodeBinary?: string;
  readonly engineLimits?: Partial<EngineLimits>;
  /** Added to the engine's environment. */
  readonly engineEnv?: Readonly<Record<string, string>>;
  /** Queued jobs wait until one is started or gone on with here: for a command that is there for something else. */
  readonly queueWaits?: boolean;
  /** Start the engine at once instead of with the first picture. */
  readonly eager?: boolean;
  /** Takes one line; default: standard error. */
  readonly log?: (line: string) => void;
}

/** How long a deleted run can be restored. */
const trashDays = 30;

export class Studio {
  readonly #services: Services;
  readonly #runs: Runs;
  readonly #live: Live;
  readonly #evaluations: Evaluations;
  readonly #jobs: Jobs;
  readonly #handlers: Handlers;
  #closed: Promise<void> | null = null;

  constructor(services: Services, paths: Readonly<Record<string, string>>, evaluations: Evaluations, jobs: Jobs, pathCalls: ReturnType<typeof pathHandlers>) {
    this.#services = services;
    this.#runs = new Runs(services);
    this.#live = new Live(services);
    this.#evaluations = evaluations;
    this.#jobs = jobs;
    this.#handlers = {
      ...appHandlers(services, paths),
      ...settingsHandlers(services),
      ...modelHandlers(services),
      ...runHandlers(services, this.#runs),
      ...imageHandlers(services),
      ...liveHandlers(this.#live),
      ...evaluationHandlers(evaluations),
      ...jobHandlers(jobs),
      ...pathCalls,
    };
  }

  get libraryDir(): string {
    return this.#services.library.dir;
  }

  /** Checks the input, does the call, never throws: what goes wrong is the result. */
  call<N extends CallName>(name: N, input: CallInput<N>): Promise<Result<CallOutput<N>>>;
  call(name: string, input: unknown): Promise<Result<unknown>>;
  async call(name: string, input: unknown): Promise<Result<unknown>> {
    try {
      if (!isCallName(name)) throw new StudioError('not-found', `The studio has no call "${name}".`);
      if (this.#closed !== null) throw new StudioError('cancelled', 'The studio is closing.');
      return { ok: true, value: await this.#handle(name, input) };
    } catch (thrown) {
      const error = toErrorData(thrown);
      if (error.code === 'internal') this.#services.log(`${name} failed: ${error.details ?? error.message}`);
      return { ok: false, error };
    }
  }

  on<E extends EventName>(name: E, listener: (data: EventData<E>) => void): Unsubscribe {
    return this.#services.events.on(name, listener);
  }

  /** Absolute path of a stored image's PNG. Throws StudioError('not-found'). */
  imagePath(image: string): string {
    return this.#services.library.imagePath(image);
  }

  /** Path of a picture that an evaluation drew, whether it is there or not. Throws StudioError('not-found') for an unknown evaluation or cell. */
  evaluationPicturePath(address: EvaluationPictureAddress): string {
    return this.#evaluations.picturePath(address);
  }

  /** Of the engine's process, while there is one. */
  get enginePid(): number | undefined {
    return this.#services.engine.pid;
  }

  /** Of the process that trains, while a job runs. */
  get trainingPid(): number | undefined {
    return this.#jobs.trainingPid;
  }

  /** Tells other processes of this user where this studio is served. Throws 'permission', 'disk-full'. */
  publish(address: { url: string; token: string }): OwnerInfo {
    return this.#services.library.ownership.publish(address);
  }

  /** Stops all work, ends the engine, gives the library up. Resolves when all that is done. */
  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  async #handle<N extends CallName>(name: N, input: unknown): Promise<CallOutput<N>> {
    const parsed = calls[name].input.safeParse(input);
    if (!parsed.success) throw new StudioError('invalid-input', `${name}: ${z.prettifyError(parsed.error)}`);
    const handler = this.#handlers[name] as (checked: unknown) => CallOutput<N> | Promise<CallOutput<N>>;
    return handler(parsed.data);
  }

  async #shutDown(): Promise<void> {
    await Promise.all([this.#live.stop(), this.#runs.close(), this.#evaluations.close(), this.#jobs.close()]);
    await this.#services.engine.close();
    await this.#services.work.whenIdle();
    this.#services.library.close();
  }
}

/**
 * Opens the library, creating it when there is none, and the services around it. Throws StudioError: 'library-locked' when
 * another process has it, 'library-from-future', 'corrupt-file', 'permission', 'disk-full', 'unsupported' without a Node for the engine.
 */
export async function openStudio(options: StudioOptions): Promise<Studio> {
  const log = options.log ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const entry = options.engineEntry ?? join(import.meta.dirname, 'engine', 'process.ts');
  const node = options.nodeBinary ?? findNode();
  const library = await openLibrary(options.libraryDir ?? defaultLibraryDir(), { ownership: options.ownership, log });
  const trashedBefore = new Date(Date.now() - trashDays * 24 * 3600 * 1000);
  library.emptyTrash(trashedBefore);

  const userModels = join(library.dir, 'models');
  const folders = [
    ...[...(options.userModelDirs ?? []), userModels].map((path) => ({ path, embedded: false })),
    ...options.modelDirs.map((path) => ({ path, embedded: true })),
  ];
  const { device, threads } = library.settings.get();
  const engine = new EngineSupervisor({
    command: { node, entry, ...(options.engineEnv && { env: options.engineEnv }) },
    modelDirs: folders.map(({ path }) => path),
    settings: { device, threads },
    ...(options.engineLimits && { limits: options.engineLimits }),
  });
  const events = new StudioEvents(log);
  let announced = '';
  const announce = () => {
    const status = statusOf({ engine, work });
    if (JSON.stringify(status) === announced) return;
    announced = JSON.stringify(status);
    events.emit('engine.status', status);
  };
  const work = new WorkQueue(announce);
  engine.onStatus(announce);
  const services: Services = { library, models: new Models(folders), engine, work, events, log };
  const paths = { userModels, ...Object.fromEntries(options.modelDirs.map((path, i) => [`models${i === 0 ? '' : i + 1}`, path])), node, engine: entry };
  if (options.eager) engine.start().catch((thrown: unknown) => log(`The engine did not start: ${toErrorData(thrown).message}`));
  const emptied = new EvaluationStore(library.dir).emptyTrash(trashedBefore);
  emptied.catch((thrown: unknown) => log(`The trash of evaluations was not emptied: ${toErrorData(thrown).message}`));
  const allowed = new AllowedPaths(options.allowedPaths);
  const evaluationEntry = options.evaluationEntry ?? join(import.meta.dirname, 'studio', 'evaluation-process.ts');
  const sketches = options.trainingSketches ?? join(import.meta.dirname, '..', 'resources', 'evaluation', 'training-pictures.idx');
  const evaluations = new Evaluations(services, { node, entry: evaluationEntry }, sketches, () => jobs.trains);
  const jobs: Jobs = new Jobs(services, {
    command: { node, entry: options.trainingEntry ?? join(import.meta.dirname, 'engine', 'training-process.ts'), env: trainingEnvironment },
    modelDirs: folders.map(({ path }) => path),
    access: { prompts: library.prompts, open: (path) => allowed.open(path) },
  }, evaluations);
  if (options.queueWaits !== true) jobs.begin();
  jobs.emptyTrash(trashedBefore).catch((thrown: unknown) => log(`The trash of jobs was not emptied: ${toErrorData(thrown).message}`));
  return new Studio(services, paths, evaluations, jobs, pathHandlers(allowed, options.pickPath ?? null));
}

function isCallName(name: string): name is CallName {
  return Object.hasOwn(calls, name);
}
