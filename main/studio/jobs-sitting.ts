// One sitting of a job, from its turn to its pause or end: reads the source, measures, has it trained, publishes the student, has it evaluated.
// Tells what happens; what a job's state becomes is decided by whoever watches.
import { mkdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { StudioError, fromErrorData } from '../contract/errors.ts';
import { distillRequestOf, type EvaluationSummary, type JobConfig, type JobEstimate, type JobRecord } from '../contract/jobs.ts';
import type { Sampler } from '../contract/schemas.ts';
import type { EngineCommand } from '../engine/child.ts';
import { resolveThreads } from '../engine/device-selection.ts';
import type { Provider } from '../engine/messages.ts';
import { measureTraining, startTraining, type Training, type TrainingWatch } from '../engine/training-host.ts';
import type { TrainingJobInput } from '../engine/training-messages.ts';
import { estimateOf } from '../jobs/estimate.ts';
import { condensed } from '../jobs/metrics.ts';
import { evaluated, evaluationRequest, measuredPrompts, summaryOf, type EvaluationWatch, type Evaluator } from './jobs-evaluation.ts';
import { JobFiles, type Material } from './jobs-files.ts';
import { noteEvaluation, publishedStudent, publishStudent } from './jobs-publish.ts';
import { readMaterial, type SourceAccess } from './jobs-source.ts';
import type { Services } from './services.ts';

export interface JobPlaces {
  /** Starts a training process. */
  readonly command: EngineCommand;
  /** Every folder of models, in the order in which a name is looked up. */
  readonly modelDirs: readonly string[];
  readonly access: SourceAccess;
}

export interface SittingEvents extends TrainingWatch {
  onData(hash: string): void;
  /** It trains with so many threads. */
  onThreads(threads: number): void;
  onDevice(device: Provider): void;
  onEstimating(): void;
  /** It trains: what was measured, null where it had been measured before. */
  onRunning(estimate: JobEstimate | null, training: Training): void;
  /** The student is a model; `fresh`: since now. */
  onStudent(model: string, fresh: boolean): void;
  onEvaluation(id: string, summary: EvaluationSummary | null): void;
  onEvaluationProgress: EvaluationWatch['onProgress'];
}

/** Points of the loss curve that are kept with the student. */
const keptCurve = 500;
/** Network passes of a teacher's step, of which a student's has one. */
const teacherPasses: Readonly<Record<Sampler, number>> = { euler: 2, 'z-sampling': 6, w2sd: 6 };

/**
 * Ends well with a student that is a model and, where that is wanted, evaluated. Throws StudioError: 'cancelled' when stopped (with a
 * checkpoint), 'not-found' and 'invalid-input' for teacher, source and a student to go on from, 'out-of-memory' and 'disk-full' with the
 * numbers when it cannot fit, and what training and evaluating throw. What was done stays.
 */
export async function sit(record: JobRecord, services: Services, places: JobPlaces, evaluator: Evaluator, events: SittingEvents): Promise<void> {
  const { library, models } = services;
  const { config } = record;
  const files = new JobFiles(library.dir, record.id);
  await models.runnable(config.teacher, 'teacher');
  if (record.teacherHash !== null && record.teacherHash !== (await models.ref(config.teacher)).hash) {
    throw new StudioError('invalid-input', `The teacher "${config.teacher}" has changed since this job began; what was learned does not fit it any more.`, {
      hint: 'Put the teacher back as it was, or duplicate the job to learn from the new one.',
    });
  }
  const material = await gathered(config, files, places);
  events.onData(material.hash);
  const modelsDir = join(library.dir, 'models');
  await mkdir(modelsDir, { recursive: true });
  // A sitting before this one may have come so far, whether its host could still write that down or not.
  const published = await publishedStudent(modelsDir, record.id);
  if (published === null && config.initFrom !== null) await models.runnable(config.initFrom, 'student');
  const student = published ?? (await taught(record, files, material, modelsDir, services, places, events));
  events.onStudent(student, published === null);
  if (config.evaluate !== null) await measuredStudent(record, student, material, modelsDir, services, evaluator, events);
}

async function measuredStudent(
  { config, evaluation }: JobRecord, student: string, material: Material, modelsDir: string, services: Services, evaluator: Evaluator, events: SittingEvents,
): Promise<void> {
  const by = await measuredPrompts(config, material, services.models);
  let id = '';
  const report = await evaluated(evaluation?.id ?? null, evaluationRequest(config, student, by), evaluator, services.events, {
    signal: events.signal,
    onBegun: (begun) => events.onEvaluation((id = begun), null),
    onProgress: (progress) => events.onEvaluationProgress(progress),
  });
  const summary = summaryOf(report, config, by.kind);
  await noteEvaluation(modelsDir, student, { evaluation: id, ...summary });
  events.onEvaluation(id, summary);
}

/** Name of the student. */
async function taught(
  record: JobRecord, files: JobFiles, material: Material, modelsDir: string, services: Services, places: JobPlaces, events: SittingEvents,
): Promise<string> {
  // No model's name begins with a dot: an unfinished folder is never listed.
  const target = join(modelsDir, `.${record.id}.new`);
  try {
    return await trained(record, files, material, target, services, places, events);
  } finally {
    await rm(target, { recursive: true, force: true });
  }
}

async function trained(
  record: JobRecord, files: JobFiles, material: Material, target: string, services: Services, places: JobPlaces, events: SittingEvents,
): Promise<string> {
  const { config } = record;
  const learned = (await files.trainingLog()).at(-1)?.step ?? 0;
  sayThreads(record, learned, events);
  const job = trainingJob(config, material, { workDir: files.dir, target, modelDirs: places.modelDirs });

  let estimate: JobEstimate | null = null;
  if (record.estimate === null || record.estimate.refusal !== null) {
    events.onEstimating();
    estimate = await measured(config, job, files.measureDir, services, places, events.signal);
    if (estimate.refusal !== null) throw fromErrorData(estimate.refusal);
  }
  const drawn = await files.samples(record.id);
  const missing = [...material.subjects.keys()].filter((index) => !drawn.some((sample) => sample.step === null && sample.index === index));
  const training = startTraining(places.command, { ...job, teacherDraws: missing }, { ...events, onDevice: (device) => sayDevice(record, device, learned, events) });
  events.onRunning(estimate, training);
  const outcome = await training.outcome;
  const { loss, gradientNorm, learningRate, step, validation } = condensed(await files.trainingLog(), await files.validationLog(), { from: 0, points: keptCurve });
  return publishStudent(target, join(services.library.dir, 'models'), config.name, (await services.models.list()).map(({ id }) => id), {
    job: record.id, created_at: record.createdAt, finished_at: new Date().toISOString(), config, data_hash: material.hash, samples: outcome.samples, final_loss: outcome.loss, fusion_scale: outcome.fusionScale,
    curve: { step, loss, gradient_norm: gradientNorm, learning_rate: learningRate, validation },
  });
}

/** A sum over threads depends on how many there are: said, not refused, for the machine may have changed. */
function sayThreads({ config, threads: before }: JobRecord, learned: number, events: SittingEvents): void {
  const now = resolveThreads(config.threads);
  if (before !== null && before !== now && learned > 0) {
    events.onWarning(`After step ${learned} it goes on with ${now} threads instead of ${before}: its losses are as good, but not bit for bit those that it would have had.`);
  }
  events.onThreads(now);
}

/** Likewise of devices: `auto` may find another one free, or another machine. */
function sayDevice({ device: before }: JobRecord, now: Provider, learned: number, events: SittingEvents): void {
  if (before !== null && before !== now && learned > 0) {
    events.onWarning(`After step ${learned} it goes on on the device "${now}" instead of "${before}": its losses are as good, but not bit for bit those that it would have had.`);
  }
  events.onDevice(now);
}

/** What a job like this would cost. Throws as `sit`, but a job that cannot fit has a refusal. */
export async function estimateJob(config: JobConfig, services: Services, places: JobPlaces, folder: string, signal: AbortSignal): Promise<JobEstimate> {
  await runnableModels(config, services.models);
  const material = await readMaterial(config, places.access);
  return measured(config, trainingJob(config, material, { workDir: folder, target: folder, modelDirs: places.modelDirs }), folder, services, places, signal);
}

/** Throws StudioError 'not-found', 'corrupt-file', 'invalid-input' for a teacher, or a student to go on from, that cannot be it. */
export async function runnableModels({ teacher, initFrom }: JobConfig, models: Services['models']): Promise<void> {
  await models.runnable(teacher, 'teacher');
  if (initFrom !== null) await models.runnable(initFrom, 'student');
}

/** Read at the first sitting, kept for the others. */
async function gathered(config: JobConfig, files: JobFiles, { access }: JobPlaces): Promise<Material> {
  const known = await files.material();
  if (known !== null) return known;
  const material = await readMaterial(config, access);
  await files.keepMaterial(material);
  return material;
}

function trainingJob(config: JobConfig, material: Material, places: { workDir: string; target: string; modelDirs: readonly string[] }): TrainingJobInput {
  const { gentle, checkpointEvery, validateEvery, sampleEvery } = config;
  return {
    request: distillRequestOf(config, material.prompts), pictures: material.pictures, subjects: material.subjects,
    gentle, checkpointEvery, validateEvery, sampleEvery, ...places, modelDirs: [...places.modelDirs],
  };
}

async function measured(config: JobConfig, job: TrainingJobInput, folder: string, { library }: Services, { command }: JobPlaces, signal: AbortSignal): Promise<JobEstimate> {
  await rm(folder, { recursive: true, force: true });
  try {
    const report = await measureTraining(command, { ...job, workDir: folder }, signal);
    await rm(folder, { recursive: true, force: true });
    const { bavail, bsize } = await statfs(library.dir);
    return estimateOf(config, report, { memoryBytes: process.availableMemory(), diskBytes: bavail * bsize }, job.subjects?.length ?? 0, teacherPasses[config.strategy]);
  } catch (thrown) {
    if (signal.aborted && !(thrown instanceof StudioError && thrown.code === 'engine-crashed')) throw new StudioError('cancelled', 'Stopped while its cost was measured.');
    throw thrown;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
