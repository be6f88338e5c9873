// Runs from request to record: checked, stored as queued, worked off one at a time, every picture stored before it is reported.
// Knows the library, the models and the engine by their interfaces; nothing of transports.
import { StudioError, toErrorData, type ErrorData } from '../contract/errors.ts';
import type { CompareRequest, GenerateRequest, ModelInfo, RunRecord, RunState, Warning } from '../contract/schemas.ts';
import { requestWarnings } from '../diffusion/request.ts';
import { makePictures } from './picture-making.ts';
import { promptWarnings } from './prompt-warnings.ts';
import type { Handlers, Services } from './services.ts';

interface Activity {
  readonly abort: AbortController;
  /** Resolves when the run has ended. */
  readonly ended: Promise<RunRecord>;
}

export class Runs {
  readonly #services: Services;
  /** Runs that wait or are being worked on. */
  readonly #active = new Map<string, Activity>();

  constructor(services: Services) {
    this.#services = services;
  }

  /** Stores a comparison and starts it when its turn comes. Throws 'not-found', 'invalid-input', 'corrupt-file', 'busy'. */
  async compare(request: CompareRequest): Promise<RunRecord> {
    const { models } = this.#services;
    const { teacher: teacherId, student: studentId, ...picture } = request;
    const teacher = await models.runnable(teacherId, 'teacher');
    const chosen = studentId === null ? await models.studentOf(teacherId, request.sampler) : { id: studentId };
    const student = await models.runnable(chosen.id, 'student');
    const warnings = [
      ...(await this.#promptWarnings(teacher.id, request)),
      ...requestWarnings(request, null),
      ...requestWarnings(request, student),
      ...('warning' in chosen && chosen.warning !== undefined ? [chosen.warning] : []),
      ...otherTeacherWarning(teacher, student),
    ];
    return this.#enqueue({ ...picture, kind: 'compare', teacher: teacher.id, student: student.id, count: 1, warnings });
  }

  /** Stores a run of one model and starts it when its turn comes. Throws as `compare`. */
  async generate(request: GenerateRequest): Promise<RunRecord> {
    const { model: id, ...picture } = request;
    const model = await this.#services.models.runnable(id);
    const warnings = [...(await this.#promptWarnings(id, request)), ...requestWarnings(request, model.kind === 'student' ? model : null)];
    const roles = model.kind === 'teacher' ? { teacher: id, student: null } : { teacher: null, student: id };
    return this.#enqueue({ ...picture, ...roles, kind: 'generate', warnings });
  }

  /** Stops a run; resolves when it has stopped. A run that has ended stays as it is. Throws 'not-found'. */
  async cancel(id: string): Promise<RunRecord> {
    const activity = this.#active.get(id);
    if (activity === undefined) return this.#services.library.runs.get(id);
    activity.abort.abort();
    return activity.ended;
  }

  /** Cancels everything; resolves when all has stopped. */
  async close(): Promise<void> {
    await Promise.all([...this.#active.keys()].map((id) => this.cancel(id)));
  }

  async #promptWarnings(model: string, { prompt, negativePrompt }: Pick<RunRecord, 'prompt' | 'negativePrompt'>): Promise<Warning[]> {
    const { models } = this.#services;
    return [
      ...promptWarnings(await models.checkPrompt(model, prompt)),
      ...promptWarnings(await models.checkPrompt(model, negativePrompt), 'negative prompt'),
    ];
  }

  #enqueue(run: Parameters<Services['library']['runs']['create']>[0]): RunRecord {
    const { library, work } = this.#services;
    work.assertRoom();
    const record = library.runs.create(run);
    const abort = new AbortController();
    let started = false;
    const turn = work.add(() => {
      started = true;
      return abort.signal.aborted ? Promise.reject(cancelled()) : this.#perform(record, abort.signal);
    });
    // A run that waits ends as soon as it is cancelled, not when its turn comes.
    const stopped = new Promise<never>((_, reject) => {
      abort.signal.addEventListener('abort', () => void (!started && reject(cancelled())), { once: true });
    });
    const ended = Promise.race([turn, stopped])
      .then(() => this.#end(record, 'done'), (thrown: unknown) => this.#end(record, outcomeOf(thrown), thrown))
      .finally(() => this.#active.delete(record.id));
    this.#active.set(record.id, { abort, ended });
    this.#services.events.emit('run.changed', { run: record });
    return record;
  }

  async #perform(record: RunRecord, signal: AbortSignal): Promise<void> {
    const { library, events } = this.#services;
    const run = library.runs.setState(record.id, 'running');
    events.emit('run.started', { run });
    await makePictures(this.#services, run, signal);
  }

  /** Writes down how a run ended and tells everyone; when even that fails, the next start of the studio finds it interrupted. */
  #end(record: RunRecord, state: RunState, thrown?: unknown): RunRecord {
    const { library, events, log } = this.#services;
    const error = state === 'failed' ? runError(toErrorData(thrown)) : null;
    let run: RunRecord = { ...record, state, error };
    try {
      run = library.runs.setState(record.id, state, { error });
    } catch (failure) {
      log(`The end of run ${record.id} could not be stored: ${toErrorData(failure).message}`);
    }
    events.emit('run.ended', { run });
    return run;
  }
}

function cancelled(): StudioError {
  return new StudioError('cancelled', 'Stopped.');
}

function outcomeOf(thrown: unknown): RunState {
  return thrown instanceof StudioError && thrown.code === 'cancelled' ? 'cancelled' : 'failed';
}

function runError({ code, message, hint }: ErrorData): NonNullable<RunRecord['error']> {
  return { code, message, ...(hint !== undefined && { hint }) };
}

function otherTeacherWarning(teacher: ModelInfo, student: ModelInfo): Warning[] {
  if (student.teacher === null || student.teacher === teacher.id) return [];
  return [{ code: 'other-teacher', message: `The student "${student.id}" learned from "${student.teacher}", not from "${teacher.id}".` }];
}

export function runHandlers(services: Services, runs: Runs) {
  const { library, events } = services;
  const changed = (run: RunRecord) => {
    events.emit('run.changed', { run });
    return run;
  };
  return {
    'runs.compare': (request) => runs.compare(request),
    'runs.generate': (request) => runs.generate(request),
    'runs.cancel': ({ run }) => runs.cancel(run),
    'runs.get': ({ run }) => library.runs.get(run),
    'runs.list': (query) => library.runs.list(query),
    'runs.verdict': ({ run, verdict }) => changed(library.runs.setVerdict(run, verdict)),
    'runs.delete': async ({ run }) => {
      await runs.cancel(run);
      library.runs.trash(run);
      events.emit('run.deleted', { run });
      return {};
    },
    'runs.restore': ({ run }) => changed(library.runs.restore(run)),
  } satisfies Partial<Handlers>;
}
