// Entry point of a training process: plain Node at the lowest priority, one job, told by its host over the channel of fork.
// Its composition root: joins training with the world that pictures come from.
import { constants, setPriority } from 'node:os';
import { ModelRegistry } from '../checkpoints/registry.ts';
import type { DistillOutcome } from '../contract/distillation.ts';
import { StudioError, toErrorData } from '../contract/errors.ts';
import { distil } from '../training/distillation.ts';
import { promptSource } from '../training/distillation-source.ts';
import { writeStudent } from '../training/distillation-student.ts';
import { runtimeError } from './runtime-errors.ts';
import { storybookPictures } from './storybook-pictures.ts';
import { parseToTraining, type FromTraining, type TrainingJob } from './training-messages.ts';

const stop = new AbortController();
let started = false;

function send(message: FromTraining): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected) return resolve();
    process.send?.(message, undefined, {}, () => resolve());
  });
}

async function train({ request, modelDirs, workDir, restart, target }: TrainingJob): Promise<DistillOutcome> {
  const registry = new ModelRegistry(modelDirs.map((path) => ({ path, embedded: false })));
  const checkpoint = await registry.resolve(request.teacher);
  const { student, outcome } = await distil({
    checkpoint, request, folder: workDir, otherWork: restart ? 'discard' : 'refuse', signal: stop.signal,
    source: request.prompts === null ? storybookPictures(request.seed, request.points, checkpoint.width) : promptSource(request.prompts),
    onProgress: (progress) => void send({ kind: 'progress', progress }),
    onWarning: (message) => void send({ kind: 'warning', message }),
  });
  await writeStudent(target, request.name, student, checkpoint.dir);
  return outcome;
}

function trainingError(thrown: unknown): StudioError {
  const error = runtimeError(thrown);
  if (error.code !== 'out-of-memory') return error;
  return new StudioError('out-of-memory', 'There is not enough memory for this distillation.', {
    hint: 'Close other programs, or choose a smaller batch or fewer teaching points.', cause: thrown, ...(error.details !== undefined && { details: error.details }),
  });
}

async function run(job: TrainingJob): Promise<void> {
  await train(job).then(
    (outcome) => send({ kind: 'done', outcome }),
    (thrown: unknown) => send({ kind: 'failed', error: toErrorData(trainingError(thrown)) }),
  );
  process.exit(0);
}

if (process.send === undefined) {
  process.stderr.write('This program is started by the studio, not by hand.\n');
  process.exit(2);
}

try {
  // A person goes on working, and generating, while a student trains.
  setPriority(constants.priority.PRIORITY_LOW);
} catch {
  // Where the system does not allow even that, training is only less polite.
}
// The host is gone: what was learned so far is saved, then `run` ends the process.
process.on('disconnect', () => (started ? stop.abort() : process.exit(0)));
// Ctrl+C in a terminal reaches the whole group; the host decides what it means.
process.on('SIGINT', () => {});
process.on('message', (value) => {
  const message = parseToTraining(value);
  if (message === null) return process.stderr.write('A message of the host was not understood.\n');
  if (message.kind === 'stop') return started ? stop.abort() : process.exit(0);
  if (started) return process.stderr.write('A training process takes one job.\n');
  started = true;
  void run(message.job);
});
void send({ kind: 'ready' });
