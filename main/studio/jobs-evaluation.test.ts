// What a job asks of an evaluation, what it keeps of it, and what becomes of the job when somebody else stops it.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { EvaluationRecord, EvaluationReport } from '../contract/evaluation.ts';
import { evaluatedScales, JobConfig, type JobNews, type JobRecord } from '../contract/jobs.ts';
import { StudioEvents } from './events.ts';
import { evaluated, evaluationRequest, measuredPrompts, summaryOf, type Evaluator } from './jobs-evaluation.ts';
import type { Models } from './models.ts';
import { openJobStudio, temporaryFolder, tinyJob, tinyModels, type JobStudio } from './testing/jobs.ts';

vi.setConfig({ testTimeout: 1_200_000, hookTimeout: 120_000 });

const material = (prompts: string[] | null) => ({ prompts, pictures: null, hash: 'x', subjects: [] });
const models = (open: boolean): Models => ({ vocabulary: async () => ({ open, groups: [], examples: open ? ['a cat'] : ['a red ball'] }) }) as unknown as Models;
const job = (changes: object): JobConfig => JobConfig.parse({ pointsFrom: 'trajectories', evaluate: { count: 4 }, ...changes });
const listed = { source: { kind: 'list', prompts: ['a', 'b'] } };

describe('what a job is measured by', () => {
  it('the published prompts, for a model that speaks of the Storybook world, whatever its student learned from', async () => {
    const heldOut = { kind: 'held-out', prompts: 'held-out' };
    expect(await measuredPrompts(job({}), material(null), models(true))).toEqual(heldOut);
    expect(await measuredPrompts(job(listed), material(['a', 'b']), models(false))).toEqual(heldOut);
  });

  it('else the prompts of its own, from all over them', async () => {
    const own = await measuredPrompts(job(listed), material(Array.from({ length: 10 }, (_, i) => `p${i}`)), models(true));
    expect(own).toEqual({ kind: 'source', prompts: [0, 2, 5, 7].map((number, i) => ({ prompt: `p${number}`, seed: 1000 + i })) });
    expect(evaluationRequest(job(listed), 'mine', own)).toMatchObject({ models: ['storybook', 'mine'], count: 4, prompts: own.prompts });
    expect((await measuredPrompts(job(listed), material(['a', 'b']), models(true))).prompts).toHaveLength(2);
  });

  it('scales that it has learned, the strategy and the steps that it was taught', () => {
    expect(evaluatedScales(job({}))).toEqual([3, 5, 7]);
    expect(evaluatedScales(job({ guidanceRange: [1, 6] }))).toEqual([3, 5]);
    expect(evaluatedScales(job({ guidanceRange: [1, 2] }))).toEqual([1.5]);
    expect(evaluatedScales(job({ evaluate: { guidance: [2, 4] } }))).toEqual([2, 4]);
    expect(evaluatedScales(job({ evaluate: null }))).toEqual([]);
    expect(JobConfig.safeParse({ guidanceRange: [1, 4], evaluate: { guidance: [3, 5] } }).error?.issues).toMatchObject([{ path: ['evaluate', 'guidance'] }]);
    expect(JobConfig.safeParse({ evaluate: { counts: 3 } }).success).toBe(false);
    const taught = job({ strategy: 'w2sd', reflection: { weakGuidance: 0.5 }, scheduleSteps: 12 });
    expect(evaluationRequest(taught, 'mine', { kind: 'held-out', prompts: 'held-out' })).toMatchObject({ samplers: ['w2sd'], reflection: { weakGuidance: 0.5 }, steps: 12, guidance: [3, 5, 7], count: 4, controls: true });
    expect(evaluationRequest(job({ evaluate: { steps: 30 } }), 'mine', { kind: 'held-out', prompts: 'held-out' }).steps).toBe(30);
  });
});

it('what is kept is the student beside its own teacher; facts are kept only where somebody can read them', () => {
  const share = { value: 0.5, low: 0.2, high: 0.8, right: 2, asked: 4 };
  const interval = { value: 0.1, low: 0, high: 0.2 };
  const cell = (model: string, kind: string, steps: number) => ({ key: `${model}-${steps}`, model, kind, sampler: 'euler', guidance: 3, steps, count: 4, adherence: { all: { all: share } }, distanceToTeacher: kind === 'student' ? interval : null });
  const report = {
    device: 'cpu', threads: 2, warnings: [{ code: 'few-prompts', message: 'Few.' }],
    cells: [cell('storybook', 'teacher', 20), cell('mine', 'student', 20), cell('storybook', 'teacher', 10)],
    differences: [
      { a: 'storybook-10', b: 'mine-20', all: share, timeRatio: 9, nfeRatio: 9 },
      { a: 'storybook-20', b: 'mine-20', all: interval, timeRatio: 1.6, nfeRatio: 2 },
    ],
  } as unknown as EvaluationReport;
  const row = { guidance: 3, student: share, teacher: share, difference: interval, distance: interval, timeRatio: 1.6, nfeRatio: 2 };
  expect(summaryOf(report, job({}), 'held-out')).toEqual({ prompts: 'held-out', count: 4, steps: 20, device: 'cpu', threads: 2, rows: [row], warnings: report.warnings });
  const own = summaryOf(report, job(listed), 'source');
  expect(own.rows).toEqual([{ ...row, student: null, teacher: null, difference: null }]);
  expect(own.warnings.map(({ code }) => code)).toEqual(['not-judged', 'few-prompts']);
});

it('a report is asked for of an evaluation that is done, never of one that was stopped: it would be made for nobody', async () => {
  const events = new StudioEvents(() => {});
  const request = evaluationRequest(job({}), 'mine', { kind: 'held-out', prompts: 'held-out' });
  const record: EvaluationRecord = { id: 'one', state: 'running', createdAt: '2026-01-01T00:00:00.000Z', request, done: 0, total: 4, error: null };
  const asked: string[] = [];
  const ends = (state: EvaluationRecord['state']) => events.emit('evaluation.changed', { evaluation: { ...record, state } });
  const report = { id: 'one' } as EvaluationReport;
  const evaluator = {
    start: async () => record,
    cancel: async () => (ends('cancelled'), record),
    get: async () => (asked.push('get'), { evaluation: record, report: asked.length === 1 ? null : report }),
  } as unknown as Evaluator;
  const waiting = (signal: AbortSignal) => evaluated(null, request, evaluator, events, { signal, onBegun: () => {}, onProgress: () => {} });

  const stop = new AbortController();
  const stopped = waiting(stop.signal);
  setImmediate(() => stop.abort());
  await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
  expect(asked).toEqual([]);

  const done = waiting(new AbortController().signal);
  setImmediate(() => ends('done'));
  // The first answer has no report yet; a change tells that it is there.
  await vi.waitFor(() => expect(asked).toEqual(['get']));
  ends('done');
  expect(await done).toBe(report);
});

async function opened(): Promise<JobStudio> {
  return openJobStudio({ libraryDir: await temporaryFolder('library'), modelDirs: [await tinyModels()] });
}

/** Resolves when an evaluation is done. */
function evaluationDone({ studio, call }: JobStudio, id: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (evaluation: EvaluationRecord) => evaluation.id === id && evaluation.state === 'done' && resolve();
    studio.on('evaluation.changed', ({ evaluation }) => void look(evaluation));
    call('evaluations.get', { evaluation: id }).then(({ evaluation }) => look(evaluation), reject);
  });
}

it('an evaluation that somebody stops pauses its job, with the student finished; the job goes on with it, or with a new one where it was thrown away', async () => {
  const studio = await opened();
  const { call, refused, reached } = studio;
  const news: JobNews[] = [];
  studio.studio.on('job.metrics', (one) => news.push(one));
  const measuring = new Promise<JobRecord>((resolve) => studio.studio.on('job.changed', ({ job: one }) => void (one.evaluation !== null && resolve(one))));
  const { id } = await call('jobs.start', { config: tinyJob({ evaluate: { count: 3, guidance: [3] } }) });
  const begun = await measuring;
  expect(begun).toMatchObject({ state: 'running', model: 'tiny-student', evaluation: { summary: null } });
  expect(await refused('jobs.sampleNow', { job: id })).toMatchObject({ code: 'invalid-input', message: expect.stringContaining('finished') });
  await call('evaluations.cancel', { evaluation: begun.evaluation!.id });
  expect(await reached(id, 'paused')).toMatchObject({ model: 'tiny-student', reason: { code: 'cancelled', hint: expect.stringContaining('Resume the job') } });
  expect((await call('models.list', {})).map((model) => model.id)).toContain('tiny-student');

  await call('evaluations.delete', { evaluation: begun.evaluation!.id });
  await call('jobs.resume', { job: id });
  const done = await reached(id, 'done');
  expect(done.evaluation!.id).not.toBe(begun.evaluation!.id);
  expect(done).toMatchObject({ reason: null, evaluation: { summary: { prompts: 'held-out', count: 3, steps: 3, rows: [{ guidance: 3, nfeRatio: 2, student: { asked: 3 }, teacher: { asked: 3 } }] } } });
  expect((await call('evaluations.list', {})).evaluations).toMatchObject([{ id: done.evaluation!.id, state: 'done', request: { models: ['storybook', 'tiny-student'] } }]);
  const provenance = JSON.parse(await readFile(join(studio.studio.libraryDir, 'models', 'tiny-student', 'training.json'), 'utf8')) as object;
  expect(provenance).toMatchObject({ job: id, curve: { step: [1, 2, 3, 4, 5, 6, 7, 8] }, evaluation: { evaluation: done.evaluation!.id, ...done.evaluation!.summary } });
  const seen = news.filter(({ progress }) => progress.phase === 'evaluating').map(({ progress }) => progress);
  expect(seen.at(-1)).toMatchObject({ step: 9, steps: 9, loss: expect.any(Number) });
  await studio.close();
});

it('a report says which pictures were drawn while a student was trained beside them', async () => {
  const studio = await opened();
  const { call, reached } = studio;
  const request = { models: ['storybook'], guidance: [1], steps: 3, count: 2, controls: false, resamples: 100 };
  const evaluated = async () => {
    const { id: evaluation } = await call('evaluations.start', request);
    await evaluationDone(studio, evaluation);
    return (await call('evaluations.get', { evaluation })).report!.warnings;
  };
  const { id } = await call('jobs.start', { config: tinyJob({ steps: 100_000 }) });
  await reached(id, 'running');
  expect((await call('evaluations.plan', request)).warnings.map(({ code }) => code)).toContain('training-beside');
  expect(await evaluated()).toContainEqual({ code: 'training-beside', message: expect.stringContaining('2 of the 2 pictures') });
  await call('jobs.pause', { job: id });
  expect((await call('evaluations.plan', request)).warnings.map(({ code }) => code)).not.toContain('training-beside');
  expect((await evaluated()).map(({ code }) => code)).not.toContain('training-beside');
  await studio.close();
});
