// The evaluation at a job's end: its student beside the teacher it learned from, as an ordinary evaluation of the library.
// Knows what to ask for, when it has ended, and what of the report is kept with the job; how pictures are drawn and judged is elsewhere.
import { fromErrorData, StudioError } from '../contract/errors.ts';
import type { EvaluateRequest, EvaluationPrompt, EvaluationRecord, EvaluationReport } from '../contract/evaluation.ts';
import { evaluatedScales, type EvaluationRow, type EvaluationSummary, type JobConfig, type JobProgress } from '../contract/jobs.ts';
import type { Warning } from '../contract/schemas.ts';
import type { Evaluations } from './evaluations.ts';
import type { Material } from './jobs-files.ts';
import type { Services } from './services.ts';

export type Evaluator = Pick<Evaluations, 'start' | 'resume' | 'cancel' | 'get' | 'list'>;

/** Prompts to measure by, and what they are. */
export interface MeasuredPrompts {
  readonly kind: EvaluationSummary['prompts'];
  readonly prompts: EvaluateRequest['prompts'];
}

/** The noise of the first of a job's own prompts; as of a file of prompts. */
const firstSeed = 1000;

/**
 * Models of the Storybook world are measured by its published prompts, whatever the student learned from: only there the facts of a
 * picture can be read. Others by the job's own prompts, from all over the source. Throws 'not-found', 'corrupt-file' for the teacher.
 */
export async function measuredPrompts({ source, teacher, evaluate }: JobConfig, material: Material, models: Services['models']): Promise<MeasuredPrompts> {
  if (source.kind === 'storybook' || (await speaksStorybook(teacher, models))) return { kind: 'held-out', prompts: 'held-out' };
  const own = material.prompts ?? material.pictures?.map(({ caption }) => caption) ?? [];
  const count = Math.min(evaluate?.count ?? 0, own.length);
  const prompts = Array.from({ length: count }, (_, i): EvaluationPrompt => ({ prompt: own[Math.floor((i * own.length) / count)]!, seed: firstSeed + i }));
  return { kind: 'source', prompts };
}

/** A vocabulary that is closed and has the world's own example sentences. */
async function speaksStorybook(model: string, models: Services['models']): Promise<boolean> {
  const { open, examples } = await models.vocabulary(model);
  return !open && examples.length > 0;
}

/** Teacher and student with the strategy and the steps that were taught. `config.evaluate` is there. */
export function evaluationRequest(config: JobConfig, student: string, { prompts }: MeasuredPrompts): EvaluateRequest {
  const { teacher, strategy, reflection, scheduleSteps, evaluate } = config;
  return {
    models: [teacher, student], guidance: evaluatedScales(config), samplers: [strategy], reflection, steps: evaluate!.steps ?? scheduleSteps,
    prompts, count: typeof prompts === 'string' ? evaluate!.count : prompts.length, controls: true, resamples: 2000,
    // Whether it copies training pictures is a question about its teacher, and costs minutes.
    copies: false,
  };
}

export interface EvaluationWatch {
  /** Aborting stops it; what is drawn is kept. */
  readonly signal: AbortSignal;
  /** It is in the library's list from now on. */
  onBegun(id: string): void;
  /** `secondsLeft`: null before it is known. */
  onProgress(progress: Omit<JobProgress, 'loss' | 'secondsLeft'> & { secondsLeft: number | null }): void;
}

/**
 * Starts the evaluation, or goes on with `begun` where that is still there, and waits for its report. Throws StudioError: 'cancelled' when it
 * was stopped, by `signal` or by somebody in the list of evaluations, and what evaluating throws.
 */
export async function evaluated(
  begun: string | null, request: EvaluateRequest, evaluator: Evaluator, events: Services['events'], { signal, onBegun, onProgress }: EvaluationWatch,
): Promise<EvaluationReport> {
  const latest = new Map<string, EvaluationRecord>();
  let id: string | null = null;
  let changes = 0;
  let wake: () => void = () => {};
  let pace: { at: number; done: number } | null = null;
  const again = () => {
    changes += 1;
    wake();
  };
  // Listening starts first: what happens before the answer is here must not be missed.
  const unsubscribe = [
    events.on('evaluation.changed', ({ evaluation }) => {
      latest.set(evaluation.id, evaluation);
      again();
    }),
    events.on('evaluation.progress', ({ evaluation, done, total, secondsLeft }) => {
      if (evaluation !== id) return;
      pace ??= { at: performance.now(), done };
      const seconds = (performance.now() - pace.at) / 1000;
      onProgress({ phase: 'evaluating', step: done, steps: total, samplesPerSecond: seconds === 0 ? 0 : (done - pace.done) / seconds, secondsLeft });
    }),
  ];
  const stop = () => id !== null && void evaluator.cancel(id).then(again, again);
  signal.addEventListener('abort', stop);
  try {
    if (signal.aborted) throw new StudioError('cancelled', 'Stopped before the evaluation began.');
    const record = await begin(begun, request, evaluator);
    id = record.id;
    onBegun(id);
    if (signal.aborted) stop();
    for (;;) {
      const seen = changes;
      const { state, error } = latest.get(id) ?? record;
      if (state === 'done') {
        // Not asked for earlier: of one that stopped half-way a report would be made that nobody wants. One that is missing is put together
        // anew, which is told like any change.
        const { report } = await evaluator.get(id).catch((thrown: unknown) => {
          throw isGone(thrown) ? stopped() : thrown;
        });
        if (report !== null) return report;
        if (signal.aborted) throw stopped();
      } else if (state !== 'queued' && state !== 'running') throw error === null ? stopped() : fromErrorData(error);
      if (changes === seen) await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    signal.removeEventListener('abort', stop);
    for (const end of unsubscribe) end();
  }
}

function stopped(): StudioError {
  return new StudioError('cancelled', 'The evaluation of the student was stopped; the student itself is finished.', { hint: 'Resume the job to go on with the evaluation.' });
}

async function begin(begun: string | null, request: EvaluateRequest, evaluator: Evaluator): Promise<EvaluationRecord> {
  const known = begun === null ? undefined : (await evaluator.list()).find(({ id }) => id === begun);
  // One that somebody threw away is begun anew.
  if (known === undefined) return evaluator.start(request);
  return known.state === 'done' ? known : evaluator.resume(known.id);
}

const isGone = (thrown: unknown): boolean => thrown instanceof StudioError && thrown.code === 'not-found';

/** What of the report is kept with the job and its student: every scale's student beside its own teacher. */
export function summaryOf({ cells, differences, warnings, device, threads }: EvaluationReport, config: JobConfig, kind: MeasuredPrompts['kind']): EvaluationSummary {
  const students = cells.filter((cell) => cell.kind === 'student');
  const rows = students.flatMap((student): EvaluationRow[] => {
    const teacher = cells.find((cell) => cell.model === config.teacher && cell.sampler === config.strategy && cell.guidance === student.guidance && cell.steps === student.steps);
    const between = differences.find(({ a, b }) => a === teacher?.key && b === student.key);
    if (teacher === undefined || between === undefined) return [];
    const judged = kind === 'held-out';
    return [{
      guidance: student.guidance,
      student: judged ? (student.adherence.all?.all ?? null) : null,
      teacher: judged ? (teacher.adherence.all?.all ?? null) : null,
      difference: judged ? between.all : null,
      distance: student.distanceToTeacher,
      timeRatio: between.timeRatio,
      nfeRatio: between.nfeRatio,
    }];
  });
  return { prompts: kind, count: students[0]?.count ?? 0, steps: students[0]?.steps ?? config.scheduleSteps, device, threads, rows, warnings: [...(kind === 'source' ? [notJudged] : []), ...warnings] };
}

const notJudged: Warning = {
  code: 'not-judged',
  message: 'Measured on prompts of the job itself, which the student has learned from: how near it is to its teacher, and what it costs. '
    + 'Whether the pictures show what is asked for is not known, because only the Storybook world has an evaluator.',
};
