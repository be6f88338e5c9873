// Every call and event of the studio. Electron IPC and HTTP/WebSocket are two transports of this one list.
import { z } from 'zod';
import { ErrorData, type Result } from './errors.ts';
import {
  EvaluatedPicture, EvaluateRequest, EvaluationPlan, EvaluationProgress, EvaluationRecord, EvaluationReport, PictureQuery,
} from './evaluation.ts';
import { ExportFormat, JobConfig, JobEstimate, JobExport, JobMetrics, JobNews, JobRecord, JobSample, MetricsQuery } from './jobs.ts';
import {
  CompareRequest, Doctor, EngineStatus, GenerateRequest, Id, ImageRecord, LiveRequest, ModelId, ModelInfo, PromptCheck,
  PromptText, ReplayResult, RgbPicture, Role, RunRecord, Settings, SettingsChange, Verdict, Vocabulary,
} from './schemas.ts';

const nothing = z.object({});

/** `input` is what a caller sends, `output` what it gets when all went well. */
export const calls = {
  'app.doctor': { input: nothing, output: Doctor },
  'app.status': { input: nothing, output: EngineStatus },
  'settings.get': { input: nothing, output: Settings },
  'settings.set': { input: SettingsChange, output: Settings },
  'models.list': { input: nothing, output: z.array(ModelInfo) },
  'models.vocabulary': { input: z.object({ model: ModelId }), output: Vocabulary },
  'prompt.check': { input: z.object({ model: ModelId, prompt: PromptText }), output: PromptCheck },
  /** Starts a comparison and returns its record at once; the rest arrives as `run.*` events. */
  'runs.compare': { input: CompareRequest, output: RunRecord },
  'runs.generate': { input: GenerateRequest, output: RunRecord },
  /** Resolves when the run has stopped, at most one step later. */
  'runs.cancel': { input: z.object({ run: Id }), output: RunRecord },
  'runs.get': { input: z.object({ run: Id }), output: RunRecord },
  /** Newest first. `search` matches words of the prompt. `before`: a run's id, for the next page. */
  'runs.list': {
    input: z.object({ search: z.string().max(500).optional(), limit: z.int().min(1).max(500).default(60), before: Id.optional() }),
    output: z.object({ runs: z.array(RunRecord), total: z.int() }),
  },
  'runs.verdict': { input: z.object({ run: Id, verdict: Verdict.nullable() }), output: RunRecord },
  /** Moves a run to the trash; `runs.restore` is its undo. */
  'runs.delete': { input: z.object({ run: Id }), output: nothing },
  'runs.restore': { input: z.object({ run: Id }), output: RunRecord },
  'images.get': { input: z.object({ image: Id }), output: ImageRecord },
  'images.replay': { input: z.object({ image: Id }), output: ReplayResult },
  /** Asks for a preview at this guidance. Only the newest request of a window is rendered; answers come as `live.frame`. */
  'live.request': { input: LiveRequest, output: z.object({ ticket: z.int() }) },
  'live.stop': { input: nothing, output: nothing },
  /** What an evaluation would draw and cost; starts nothing. */
  'evaluations.plan': { input: EvaluateRequest, output: EvaluationPlan },
  /** Queues an evaluation and returns its record at once; the rest arrives as `evaluation.*` events. */
  'evaluations.start': { input: EvaluateRequest, output: EvaluationRecord },
  /** Resolves when it has stopped, at most one step later. What is drawn stays; it can go on. */
  'evaluations.cancel': { input: z.object({ evaluation: Id }), output: EvaluationRecord },
  /** Goes on where an evaluation stopped: only what is missing is drawn. */
  'evaluations.resume': { input: z.object({ evaluation: Id }), output: EvaluationRecord },
  /** Newest first. */
  'evaluations.list': { input: nothing, output: z.object({ evaluations: z.array(EvaluationRecord) }) },
  /** `report`: of a finished one; of one that stopped early, over the prompts that every cell has done; null while it runs or without any. */
  'evaluations.get': {
    input: z.object({ evaluation: Id }),
    output: z.object({ evaluation: EvaluationRecord, report: EvaluationReport.nullable() }),
  },
  /** A page of prompts with their pictures, by prompt and then by cell in the plan's order; `prompts`: how many there are in all. */
  'evaluations.pictures': { input: PictureQuery, output: z.object({ pictures: z.array(EvaluatedPicture), prompts: z.int() }) },
  /** Stops it and moves it to the trash; `evaluations.restore` is its undo. */
  'evaluations.delete': { input: z.object({ evaluation: Id }), output: nothing },
  'evaluations.restore': { input: z.object({ evaluation: Id }), output: EvaluationRecord },
  /** What a window may name as a source: folders and files that the host was allowed to read, and whether it can ask for more by a dialog. */
  'paths.allowed': { input: nothing, output: z.object({ paths: z.array(z.string()), dialog: z.boolean() }) },
  /** Shows the host's own dialog; what is picked is allowed from then on. null: nothing was picked. `unsupported` where there is no dialog. */
  'paths.pick': { input: z.object({ what: z.enum(['folder', 'file']) }), output: z.object({ path: z.string().nullable() }) },
  /** Measures a few steps of such a job, which takes seconds; starts nothing. A job that cannot fit has a `refusal`, it is no error. */
  'jobs.estimate': { input: z.object({ config: JobConfig }), output: JobEstimate },
  /** Puts a job into the queue and returns its record at once; the rest arrives as `job.*` events. */
  'jobs.start': { input: z.object({ config: JobConfig }), output: JobRecord },
  /** What runs first, then the queue in its order, then the others, newest first. */
  'jobs.list': { input: nothing, output: z.object({ jobs: z.array(JobRecord) }) },
  'jobs.get': { input: z.object({ job: Id }), output: JobRecord },
  'jobs.metrics': { input: MetricsQuery, output: JobMetrics },
  /** The teacher's pictures first, then by step and number. */
  'jobs.samples': { input: z.object({ job: Id }), output: z.object({ samples: z.array(JobSample) }) },
  /** A sample picture's pixels; they never change. */
  'jobs.picture': { input: z.object({ job: Id, step: z.int().nullable(), index: z.int().min(0) }), output: RgbPicture },
  /** After the running step; resolves when that is asked for, the pictures come as `job.sample`. */
  'jobs.sampleNow': { input: z.object({ job: Id }), output: nothing },
  /** A checkpoint after the running step; resolves when it is on disk. */
  'jobs.saveNow': { input: z.object({ job: Id }), output: JobRecord },
  /** Resolves when it has stopped, with a checkpoint, and its memory is free again. A queued one is held back. */
  'jobs.pause': { input: z.object({ job: Id }), output: JobRecord },
  /** Puts a paused, interrupted, failed or cancelled job at the head of the queue; it goes on from its last checkpoint. */
  'jobs.resume': { input: z.object({ job: Id }), output: JobRecord },
  /** Stops it for good; the last checkpoint stays until the job is deleted. */
  'jobs.cancel': { input: z.object({ job: Id }), output: JobRecord },
  /** Moves a queued job before another one; null: to the end. Answers with the queue. */
  'jobs.reorder': { input: z.object({ job: Id, before: Id.nullable() }), output: z.object({ jobs: z.array(JobRecord) }) },
  /** A job's configuration under a free name, to be changed and started. */
  'jobs.duplicate': { input: z.object({ job: Id }), output: JobConfig },
  /** Stops it and moves it to the trash, with its student where `model` says so; `jobs.restore` is its undo. */
  'jobs.delete': { input: z.object({ job: Id, model: z.boolean().default(false) }), output: nothing },
  'jobs.restore': { input: z.object({ job: Id }), output: JobRecord },
  'jobs.export': { input: z.object({ job: Id, format: ExportFormat }), output: JobExport },
} as const;

export const events = {
  'run.started': z.object({ run: RunRecord }),
  'run.step': z.object({
    run: Id,
    role: Role,
    /** Counts pictures of a `generate` run from 0. */
    index: z.int(),
    step: z.int(),
    steps: z.int(),
    nfe: z.int(),
    elapsedMs: z.number(),
    /** For this picture; null until a step has been timed. */
    remainingMs: z.number().nullable(),
    preview: RgbPicture.nullable(),
  }),
  'run.image': z.object({ run: Id, image: ImageRecord }),
  /** The run reached `done`, `cancelled`, `failed` or `interrupted`; its record says which. */
  'run.ended': z.object({ run: RunRecord }),
  'run.changed': z.object({ run: RunRecord }),
  'run.deleted': z.object({ run: Id }),
  'live.frame': z.object({ ticket: z.int(), guidance: z.number(), steps: z.int(), ms: z.number(), nfe: z.int(), picture: RgbPicture }),
  'live.failed': z.object({ ticket: z.int(), error: ErrorData }),
  /** After every picture. */
  'evaluation.progress': EvaluationProgress,
  /** It is new, began, ended, or came back from the trash: its record says which. */
  'evaluation.changed': z.object({ evaluation: EvaluationRecord }),
  'evaluation.deleted': z.object({ evaluation: Id }),
  /** It is new, or its state, place, warnings or estimate changed. */
  'job.changed': z.object({ job: JobRecord }),
  'job.metrics': JobNews,
  'job.sample': JobSample,
  'job.deleted': z.object({ job: Id }),
  /** A model came, went or changed: ask `models.list` again. */
  'models.changed': nothing,
  'engine.status': EngineStatus,
  'settings.changed': Settings,
} as const;

export type CallName = keyof typeof calls;
export type CallInput<N extends CallName> = z.input<(typeof calls)[N]['input']>;
export type CallOutput<N extends CallName> = z.output<(typeof calls)[N]['output']>;
export type EventName = keyof typeof events;
export type EventData<E extends EventName> = z.output<(typeof events)[E]>;
export type Unsubscribe = () => void;

export const callNames = Object.keys(calls) as CallName[];
export const eventNames = Object.keys(events) as EventName[];

/** What the window holds: the same over Electron IPC and over HTTP/WebSocket. */
export interface StudioClient {
  call<N extends CallName>(name: N, input: CallInput<N>): Promise<Result<CallOutput<N>>>;
  on<E extends EventName>(name: E, listener: (data: EventData<E>) => void): Unsubscribe;
  /** Address of a stored image's PNG, for `<img src>`. */
  imageUrl(image: string): string;
  /** Address of the PNG that an evaluation drew for prompt number `index` in the cell of this key. */
  evaluationPictureUrl(evaluation: string, cell: string, index: number): string;
}
