// Entry point of a training process: plain Node, one task, told by its host over the channel of fork.
// Its composition root: joins training with the sources that pictures come from and the pipeline that draws samples.
import { mkdir, rm } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import { fileError } from '../checkpoints/errors.ts';
import type { Checkpoint } from '../checkpoints/folder.ts';
import { hashCheckpoint } from '../checkpoints/hash.ts';
import { ModelRegistry } from '../checkpoints/registry.ts';
import type { DistillOutcome } from '../contract/distillation.ts';
import { StudioError, toErrorData } from '../contract/errors.ts';
import { assertCanInit, assertCanTeach, distil, type Distillation } from '../training/distillation.ts';
import { writeStudent } from '../training/distillation-student.ts';
import type { Provider } from './messages.ts';
import { probeProvider } from './probe.ts';
import { runtimeError } from './runtime-errors.ts';
import { trainingProvider } from './training-device.ts';
import { writeOnnx } from './training-export.ts';
import { holdWork } from './training-lock.ts';
import { measureJob } from './training-measure.ts';
import { parseToTraining, type FromTraining, type OnnxExport, type TrainingJob } from './training-messages.ts';
import { drawStudent, drawTeacher, type SampleSetup } from './training-samples.ts';
import { sourcesOf } from './training-sources.ts';

type ToTraining = NonNullable<ReturnType<typeof parseToTraining>>;
type Task = Extract<ToTraining, { kind: 'distill' | 'measure' | 'export' | 'probe' }>;

const stop = new AbortController();
/** What a person asked for and the next moment between two steps will do. */
const wanted = { sample: false, save: false };
let started = false;

function send(message: FromTraining): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected) return resolve();
    process.send?.(message, undefined, {}, () => resolve());
  });
}

function open(id: string, modelDirs: readonly string[]): Promise<Checkpoint> {
  return new ModelRegistry(modelDirs.map((path) => ({ path, embedded: false }))).resolve(id);
}

interface Prepared {
  readonly provider: Provider;
  readonly job: Distillation;
  readonly samples: SampleSetup;
  readonly checkpoint: Checkpoint;
}

/** Everything of a job but what is told and drawn while it runs. */
async function prepare(job: TrainingJob): Promise<Prepared> {
  const { request, workDir, subjects } = job;
  const checkpoint = await open(request.teacher, job.modelDirs);
  assertCanTeach(checkpoint, request);
  const initFrom = request.initFrom === null ? undefined : await open(request.initFrom, job.modelDirs);
  if (initFrom !== undefined) assertCanInit(initFrom, request, await hashCheckpoint(checkpoint));
  await mkdir(workDir, { recursive: true }).catch((thrown: unknown) => {
    throw fileError(thrown, workDir);
  });
  holdWork(workDir);
  const { learned, validated } = sourcesOf(job, checkpoint.width);
  const provider = await trainingProvider(request.device, request.threads, { node: process.execPath, entry: process.argv[1]! }, stop.signal);
  return {
    checkpoint, provider,
    job: {
      checkpoint, initFrom, request, source: learned, folder: workDir, provider, checkpointEvery: job.checkpointEvery,
      validation: { every: job.validateEvery, source: validated }, signal: stop.signal,
    },
    samples: { teacher: checkpoint, request, subjects, workDir, session: { providers: [provider], threads: request.threads }, signal: stop.signal },
  };
}

async function train(task: TrainingJob): Promise<DistillOutcome> {
  const { job, samples, checkpoint, provider } = await prepare(task);
  const { request, sampleEvery, teacherDraws, target } = task;
  await send({ kind: 'device', provider });
  await send({ kind: 'teacher', hash: await hashCheckpoint(checkpoint) });
  // Whoever wrote there before us is gone: we hold the work.
  await rm(target, { recursive: true, force: true });
  const undrawn = new Set(teacherDraws);
  const drawTeachers = () => drawTeacher(samples, [...undrawn], (index, picture) => {
    undrawn.delete(index);
    void send({ kind: 'sample', step: null, index, picture });
  });
  if (sampleEvery > 0 && undrawn.size > 0) await drawTeachers();
  const { student, outcome } = await distil({
    ...job,
    onProgress: (progress) => void send({ kind: 'progress', progress, memoryBytes: process.memoryUsage.rss() }),
    onWarning: (message) => void send({ kind: 'warning', message }),
    onStep: (row) => void send({ kind: 'step', row }),
    onValidated: ({ step, loss }) => void send({ kind: 'validated', step, loss }),
    onSaved: (step) => void send({ kind: 'saved', step }),
    async afterStep({ step, save, student: current }) {
      if (wanted.save) await save();
      wanted.save = false;
      const due = sampleEvery > 0 && (step % sampleEvery === 0 || step === request.steps);
      if ((!due && !wanted.sample) || stop.signal.aborted) return;
      wanted.sample = false;
      await untilStopped(drawStudent(await current(), samples, (index, picture) => void send({ kind: 'sample', step, index, picture })));
      // Where no rounds were wanted, the teacher's are drawn with the first that somebody asks for.
      if (undrawn.size > 0) await untilStopped(drawTeachers());
    },
  });
  await writeStudent(target, request.name, student, checkpoint.dir);
  return outcome;
}

/** Pictures that were stopped are left out; the stop itself is the run's to notice, which saves. */
function untilStopped(drawing: Promise<void>): Promise<void> {
  return drawing.catch((thrown: unknown) => {
    if (!(thrown instanceof StudioError && thrown.code === 'cancelled')) throw thrown;
  });
}

async function measure(task: TrainingJob): Promise<FromTraining> {
  const { job, samples } = await prepare(task);
  return { kind: 'measured', report: await measureJob(job, samples) };
}

async function exportOnnx({ id, modelDirs, file }: OnnxExport): Promise<FromTraining> {
  return { kind: 'exported', bytes: await writeOnnx(await open(id, modelDirs), file) };
}

function perform(task: Task): Promise<FromTraining> {
  switch (task.kind) {
    case 'distill': return train(task.job).then((outcome) => ({ kind: 'done', outcome }));
    case 'measure': return measure(task.job);
    case 'export': return exportOnnx(task.export);
    case 'probe': return probeProvider(task.provider, task.threads).then((report) => ({ kind: 'probed', report }));
  }
}

function trainingError(thrown: unknown): StudioError {
  const error = runtimeError(thrown);
  if (error.code !== 'out-of-memory') return error;
  return new StudioError('out-of-memory', 'There is not enough memory for this distillation.', {
    hint: 'Close other programs, or choose a smaller batch or what else saves memory.', cause: thrown, ...(error.details !== undefined && { details: error.details }),
  });
}

async function run(task: Task): Promise<void> {
  if (task.kind !== 'probe' && (task.kind === 'export' || task.job.gentle)) yieldToOthers();
  await send(await perform(task).catch((thrown: unknown): FromTraining => ({ kind: 'failed', error: toErrorData(trainingError(thrown)) })));
  process.exit(0);
}

/** A person goes on working, and generating, while a student trains. */
function yieldToOthers(): void {
  try {
    setPriority(constants.priority.PRIORITY_LOW);
  } catch {
    // Where the system does not allow even that, training is only less polite.
  }
}

function take(message: ToTraining): void {
  switch (message.kind) {
    case 'stop': return started ? stop.abort() : process.exit(0);
    case 'sample': wanted.sample = true; return;
    case 'save': wanted.save = true; return;
    default:
      if (started) return void process.stderr.write('A training process takes one task.\n');
      started = true;
      void run(message);
  }
}

if (process.send === undefined) {
  process.stderr.write('This program is started by the studio, not by hand.\n');
  process.exit(2);
}

// The host is gone: what was learned so far is saved, then `run` ends the process.
process.on('disconnect', () => (started ? stop.abort() : process.exit(0)));
// Ctrl+C in a terminal reaches the whole group; the host decides what it means.
process.on('SIGINT', () => {});
process.on('message', (value) => {
  const message = parseToTraining(value);
  if (message === null) return void process.stderr.write('A message of the host was not understood.\n');
  take(message);
});
void send({ kind: 'ready' });
