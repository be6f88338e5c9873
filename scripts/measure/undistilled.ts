// Is a student better than the same network undistilled at one pass per step? Beside it stand its teacher without guidance, and the student as
// it was before its first training step: all one pass per step, over the same held-out prompts and seeds.
// node scripts/node.mjs scripts/measure/undistilled.ts --student NAME [--library DIR] [--guidance 3,5] [--count 64] [--steps 20] [--seed 1]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { openCheckpoint, type Checkpoint } from '../../main/checkpoints/folder.ts';
import { readJson } from '../../main/checkpoints/json.ts';
import { Distillation } from '../../main/checkpoints/configs.ts';
import { ModelRegistry } from '../../main/checkpoints/registry.ts';
import { readTensors } from '../../main/checkpoints/safetensors.ts';
import type { CallInput, CallName, CallOutput } from '../../main/contract/contract.ts';
import { EvaluateRequest, type EvaluationRecord, type PairedDifference } from '../../main/contract/evaluation.ts';
import { cellKey } from '../../main/evaluation/cells.ts';
import { differenceOf } from '../../main/evaluation/differences.ts';
import { defaultLibraryDir } from '../../main/library/location.ts';
import { openStudio } from '../../main/studio.ts';
import { recordsOf } from '../../main/studio/evaluation-export.ts';
import { startingStudent } from '../../main/training/distillation-start.ts';
import { writeStudent } from '../../main/training/distillation-student.ts';
import { modelsFolder, table } from './models.ts';

const { values } = parseArgs({ options: {
  student: { type: 'string' }, library: { type: 'string' }, guidance: { type: 'string', default: '3,5' }, count: { type: 'string', default: '64' },
  steps: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' },
} });
const id = z.string({ error: 'Say which student: --student NAME' }).parse(values.student);
const libraryDir = path.resolve(values.library ?? defaultLibraryDir());
const scales = values.guidance.split(',').map(Number);
const resamples = 2000;

const registry = new ModelRegistry([{ path: path.join(libraryDir, 'models'), embedded: false }, { path: modelsFolder, embedded: true }]);
const student = await registry.resolve(id);
const made = await readJson(path.join(student.dir, 'distillation.json'), Distillation);
const teacher = await registry.resolve(made.teacher);
const untrainedId = `${id}-untrained`;
const folder = await mkdtemp(path.join(tmpdir(), 'untrained-'));
await writeUntrained(path.join(folder, untrainedId), student, teacher);

const studio = await openStudio({ libraryDir, modelDirs: [modelsFolder], userModelDirs: [folder], queueWaits: true });
try {
  const evaluation = await evaluated(EvaluateRequest.parse({
    models: [made.teacher, id, untrainedId], guidance: [1, ...scales], steps: Number(values.steps), count: Number(values.count), controls: false, copies: false, resamples,
  }));
  const records = await recordsOf(libraryDir, evaluation.id);
  const of = (model: string, guidance: number) => {
    const key = cellKey({ model, kind: 'student', sampler: 'euler', guidance, steps: evaluation.request.steps });
    return records.filter(({ cell }) => cell === key).sort((a, b) => a.index - b.index);
  };
  const rows = scales.flatMap((scale) => [
    row(`${id} at ${scale} − ${made.teacher} without guidance`, differenceOf(of(made.teacher, 1), of(id, scale), [], resamples)),
    row(`${id} at ${scale} − itself before its first step, at ${scale}`, differenceOf(of(untrainedId, scale), of(id, scale), [], resamples)),
  ]);
  console.log(table(['all facts right, points', 'together', 'one object', 'two objects', 'passes', 'better'], rows));
  console.log(`\n${values.count} held-out prompts, ${values.steps} steps, one pass each; evaluation ${evaluation.id}.`);
  process.exitCode = rows.every((cells) => cells.at(-1) === 'yes') ? 0 : 1;
} finally {
  await studio.close();
  await rm(folder, { recursive: true, force: true });
}

/** The student's network with the teacher's numbers: zero training steps. */
async function writeUntrained(dir: string, { transformer: { config } }: Checkpoint, from: Checkpoint): Promise<void> {
  const beginning = startingStudent(config, await readTensors(from.transformer.weights), { seed: Number(values.seed), lora: null, initFrom: null });
  await writeStudent(dir, path.basename(dir), { ...beginning, config, weights: beginning.parameters.values, distillation: { ...made, samples: 0, init_from: undefined } }, from.dir);
  // Fails here, with its reason, where it could not be run.
  await openCheckpoint(dir, () => from.dir);
}

async function call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> {
  const answer = await studio.call(name, input);
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.value;
}

async function evaluated(request: CallInput<'evaluations.start'>): Promise<EvaluationRecord> {
  const ended = Promise.withResolvers<EvaluationRecord>();
  studio.on('evaluation.changed', ({ evaluation }) => {
    if (evaluation.state === 'done') ended.resolve(evaluation);
    else if (evaluation.state !== 'queued' && evaluation.state !== 'running') ended.reject(new Error(evaluation.error?.message ?? `The evaluation is ${evaluation.state}.`));
  });
  studio.on('evaluation.progress', ({ done, total }) => done % 50 === 0 && console.error(`${done} of ${total} pictures`));
  await call('evaluations.start', request);
  return ended.promise;
}

function row(name: string, { all, one, two, nfeRatio }: PairedDifference): string[] {
  const points = (interval: PairedDifference['all']) =>
    interval === null ? '–' : `${(100 * interval.value).toFixed(1)} (${(100 * interval.low).toFixed(1)} to ${(100 * interval.high).toFixed(1)})`;
  return [name, points(all), points(one), points(two), nfeRatio === 1 ? 'equal' : `${nfeRatio} to 1`, all !== null && all.low > 0 ? 'yes' : 'not shown'];
}
