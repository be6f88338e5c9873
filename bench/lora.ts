// What adapters spare: peak memory and time of a training step of a student that trains whole and of one that trains adapters, also with
// recomputation, each in a process of its own. `npm run bench -- lora [BATCHES] [RANK] [TEACHER]`, batches such as 4,64.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { ModelRegistry } from '../main/checkpoints/registry.ts';
import { readTensors } from '../main/checkpoints/safetensors.ts';
import { DistillRequest } from '../main/contract/distillation.ts';
import { trainingEnvironment } from '../main/engine/training-host.ts';
import type { TensorSpec } from '../main/graph/trace.ts';
import { sizeOf } from '../main/graph/values.ts';
import { optimizerOf, studentLoss } from '../main/training/distillation.ts';
import { studentInputs } from '../main/training/distillation-batches.ts';
import { startingStudent, studentConfig } from '../main/training/distillation-start.ts';
import type { StudentInput } from '../main/training/objectives.ts';
import { TrainingRandom } from '../main/training/random.ts';
import { Trainer, type Data } from '../main/training/trainer.ts';
import { machine, table } from './measure.ts';

interface Case {
  readonly teacher: string;
  readonly batch: number;
  readonly rank: number | null;
  readonly recompute: boolean;
}

interface Cost {
  /** Numbers that learn, and that a step reads or writes in all: values, moments, average, twice, and what is frozen. */
  readonly learning: number;
  readonly held: number;
  /** Largest resident set before there is a trainer, and at the end. */
  readonly before: number;
  readonly peak: number;
  readonly loss: number;
  readonly seconds: number;
}

const steps = 3;
/** Text tokens: what Storybook's tokenizer gives at most. */
const tokens = 24;

export default async function run(args: string[] = []): Promise<void> {
  const batches = (args[0] ?? '4,64').split(',').map(Number);
  const rank = Number(args[1] ?? 16);
  const teacher = args[2] ?? 'storybook';
  const rows: (string | number)[][] = [];
  for (const batch of batches) {
    for (const [says, each, recompute] of [['all weights', null, false], [`adapters of rank ${rank}`, rank, false], ['and recomputation', rank, true]] as const) {
      const { learning, held, before, peak, loss, seconds } = await apart({ teacher, batch, rank: each, recompute });
      rows.push([
        says, batch, (learning / 1e6).toFixed(2), megabytes(4 * held), megabytes(peak - before), megabytes(peak), seconds.toFixed(2), loss.toFixed(4),
      ]);
    }
  }
  console.log(machine());
  console.log(`Student of ${teacher}, TeEFusion, AdamW, float32, random data; ${steps} steps in a fresh process each, the fastest timed.`);
  table([['what learns', 'batch', 'millions', 'weights and state MB', 'step adds MB', 'peak MB', 's/step', 'first loss'], ...rows]);
  console.log('Weights and state: values, two moments and average of what learns, each twice, its start once more, and the frozen weights once.');
  console.log('Step adds: largest resident set after the steps less that of the process with the teacher read.');
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);

async function apart(measured: Case): Promise<Cost> {
  const child = fork(import.meta.filename, [JSON.stringify(measured)], { execArgv: [], env: { ...process.env, ...trainingEnvironment, BENCH_LORA: '1' } });
  const said = once(child, 'message') as Promise<[Cost]>;
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`The measured process ended with ${String(code)}.`);
  });
  const [cost] = await Promise.race([said, ended]);
  ended.catch(() => {});
  return cost;
}

async function measure({ teacher, batch, rank, recompute }: Case): Promise<Cost> {
  const registry = new ModelRegistry([{ path: path.join(import.meta.dirname, '..', 'models'), embedded: true }]);
  const checkpoint = await registry.resolve(teacher);
  const request = DistillRequest.parse({ teacher, batch, lora: rank === null ? null : { rank } });
  const config = studentConfig(checkpoint.transformer.config, request, 1);
  const beginning = startingStudent(config, await readTensors(checkpoint.transformer.weights), request);
  const inputs = studentInputs(config, tokens, batch);
  const before = peakBytes();
  const trainer = await Trainer.create(beginning.parameters, inputs, studentLoss(config, beginning), optimizerOf(request), { gentle: true }, { recompute, fixed: beginning.fixed });
  const times: number[] = [];
  let first = NaN;
  for (let step = 1; step <= steps; step++) {
    const data = invented(inputs, step);
    const start = performance.now();
    const { loss } = await trainer.step(data, 1e-4, 0.5);
    times.push(performance.now() - start);
    if (step === 1) first = loss;
  }
  await trainer.close();
  const frozen = beginning.fixed.reduce((sum, { data }) => sum + data.length, 0);
  const { length } = beginning.parameters;
  return { learning: length, held: 9 * length + frozen, before, peak: peakBytes(), loss: first, seconds: Math.min(...times) / 1000 };
}

/** Numbers of the inputs' shapes; what they are decides no time. */
function invented(inputs: Record<StudentInput, TensorSpec>, step: number): Record<StudentInput, Data> {
  const random = new TrainingRandom(1, step);
  return Object.fromEntries(Object.entries<TensorSpec>(inputs).map(([name, { shape }]) =>
    [name, { shape, data: name === 'sigma' ? Float32Array.from({ length: sizeOf(shape) }, () => random.uniform()) : random.normals(sizeOf(shape)) }])) as Record<StudentInput, Data>;
}

const peakBytes = (): number => process.resourceUsage().maxRSS * 1024;

if (process.env['BENCH_LORA'] !== undefined && process.send) process.send(await measure(JSON.parse(process.argv[2]!) as Case), () => process.exit(0));
