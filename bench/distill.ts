// A training step of a student as a distillation makes it by default: steps per second, share of the machine's matrix peak, time outside
// the runtime, and PyTorch's step where it is installed; interleaved. `npm run bench -- distill [ROUNDS] [TEACHER]`.
import { availableParallelism, tmpdir } from 'node:os';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ModelRegistry } from '../main/checkpoints/registry.ts';
import { readTensors } from '../main/checkpoints/safetensors.ts';
import type { Checkpoint } from '../main/checkpoints/folder.ts';
import { DistillRequest } from '../main/contract/distillation.ts';
import { storybookPictures } from '../main/engine/storybook-pictures.ts';
import { trainingEnvironment } from '../main/engine/training-host.ts';
import { sizeOf } from '../main/graph/values.ts';
import { emphasisOf, optimizerOf } from '../main/training/distillation.ts';
import { batches, embeddingsOf, studentInputs } from '../main/training/distillation-batches.ts';
import { chooseFusionScale } from '../main/training/distillation-fusion.ts';
import { teachingPoints, type TeachingPoints } from '../main/training/distillation-points.ts';
import { startingStudent, studentConfig } from '../main/training/distillation-start.ts';
import { TeacherText } from '../main/training/distillation-text.ts';
import { pointsFile } from '../main/training/distillation-work.ts';
import { distillationLoss, prefixes, type StudentInput } from '../main/training/objectives.ts';
import { TrainingRandom } from '../main/training/random.ts';
import { averageRateAt, learningRateAt } from '../main/training/run.ts';
import { Trainer } from '../main/training/trainer.ts';
import { stepGraph } from '../main/training/trainer-graphs.ts';
import { settingsOf } from '../main/training/trainer-update.ts';
import { peakWork, product } from './gemm.ts';
import { interleaved, machine, median, productFlops, ratios, table } from './measure.ts';
import { pytorch } from './pytorch.ts';

/** 50 MB of Storybook's: in the system's memory, as those of a run on a machine that has some to spare. */
const pointCount = 2048;

/** Steps in a row, as in a training: the first after something else finds its memory in no cache. */
const inARow = 3;

const ours = 'studio: data, step, average';
const asleep = 'the same, threads sleep between operators';
const product1024 = 'product 1024 × 1024 × 1024';

/** PyTorch, started from here, has it too. */
export const environment = trainingEnvironment;

export default async function run(args: string[] = []): Promise<void> {
  const rounds = Number(args[0] ?? 5);
  const request = DistillRequest.parse({ teacher: args[1] ?? 'storybook', points: pointCount });
  const registry = new ModelRegistry([{ path: path.join(import.meta.dirname, '..', 'models'), embedded: true }]);
  const checkpoint = await registry.resolve(request.teacher);
  const session = { threads: request.threads };
  const source = storybookPictures(request.seed, request.points, checkpoint.width);
  const text = await TeacherText.open(checkpoint, session);
  const folder = await mkdtemp(path.join(tmpdir(), 'distill-bench-'));
  const points = await inventedPoints(folder, checkpoint, text, request, source);
  const prompts = Array.from({ length: 64 }, (_, item) => source.caption(item));
  const config = studentConfig(checkpoint.transformer.config, request, await chooseFusionScale(checkpoint, text, prompts, request, session));
  const { parameters } = startingStudent(config, await readTensors(checkpoint.transformer.weights), request);
  const inputs = studentInputs(config, text.maxTokens, request.batch);
  const loss = distillationLoss(config, emphasisOf(request, checkpoint));
  const optimizer = optimizerOf(request);
  const flops = productFlops(stepGraph(parameters.specs, inputs, loss, settingsOf(optimizer)));
  const trainer = await Trainer.create(parameters, inputs, loss, optimizer, session);
  const sleeping = await Trainer.create(parameters, inputs, loss, optimizer, { ...session, gentle: true });
  const batch = batches(request, config, inputs, text.empty, points, await embeddingsOf({ checkpoint, request, source }, text, points));
  const peak = await product('peak', 1024, 1024, 1024, peakWork);

  // The first two steps, on the same samples at the same rates, are for agreement: the second loss shows what the first step changed.
  const first = await batch(1);
  const rates = { learningRate: learningRateAt(1, { ...request, warmup: 30 }), averageRate: averageRateAt(1, request.averageDecay) };
  const { beta1, beta2, epsilon, clipNorm } = settingsOf(optimizer);
  const strip = (name: string): string => name.slice(prefixes.transformer.length);
  const torch = await pytorch({
    config, learning: parameters.specs.filter(({ trainable }) => trainable).map(({ name }) => strip(name)),
    tensors: [
      ...parameters.views(parameters.values).map(({ name, shape, data }) => [strip(name), { shape, data }] as const),
      ...(Object.entries(first) as [StudentInput, { data: Float32Array; shape: readonly number[] }][]).map(([name, { data, shape }]) => (
        name === 'sigma' ? ['timestep', { data: data.map((sigma) => 1000 * sigma), shape }] as const : [name, { data, shape }] as const)),
    ],
    optimizer: { ...rates, beta1, beta2, epsilon, clipNorm },
    threads: [...new Set([availableParallelism(), Math.ceil(availableParallelism() / 2)])],
  });
  const agreement = [];
  for (let step = 1; step <= 2; step++) {
    const { loss: value, gradientNorm } = await trainer.step(first, rates.learningRate, rates.averageRate);
    agreement.push({ value, gradientNorm, torch: await torch?.answer() });
  }

  /** Milliseconds of a step, mean of some in a row. */
  const perStep = (step: () => Promise<unknown>) => async (): Promise<number> => {
    const start = performance.now();
    for (let i = 0; i < inARow; i++) await step();
    return (performance.now() - start) / inARow;
  };
  const stepOf = (own: typeof trainer) => async (): Promise<void> => {
    const number = own.steps + 1;
    await own.step(await batch(number), learningRateAt(number, { ...request, warmup: 30 }), averageRateAt(number, request.averageDecay));
  };
  const inRuntime: number[] = [];
  const counted = perStep(stepOf(trainer));
  const times = await interleaved({
    [ours]: async () => {
      const before = trainer.runtimeMs;
      const ms = await counted();
      inRuntime.push((trainer.runtimeMs - before) / inARow);
      return ms;
    },
    [asleep]: perStep(stepOf(sleeping)), [product1024]: peak.run, ...(torch && { [torch.title]: perStep(torch.run) }),
  }, rounds);

  console.log(machine());
  console.log(`Student of ${request.teacher}: width ${config.num_attention_heads * config.attention_head_dim}, ${config.num_layers} blocks, ${(config.sample_size / config.patch_size) ** 2} image and ${text.maxTokens} text tokens, ${(parameters.length / 1e6).toFixed(1)} M parameters; batch ${request.batch}, ${request.optimizer}, running average, float32`);
  console.log(`${(flops / 1e9).toFixed(1)} GFLOP per step: the sum of 2·m·n·k over the matrix products of the recorded step, forward, gradients and optimiser; all else counts as nothing`);
  const [slower, ofPeak] = [Object.fromEntries([ours, asleep].map((name) => [name, ratios(times, name)])), ratios(times, product1024)];
  const rate = (ms: number): number => flops / ms / 1e6;
  table([
    ['step', 'rounds', 'median s', 'fastest s', 'steps/s', 'samples/s', 'faster than PyTorch', 'GFLOP/s', 'share of peak'],
    ...[ours, asleep, ...(torch ? [torch.title] : [])].map((name) => {
      const ms = median(times[name]!);
      const factor = torch && slower[name]?.[torch.title];
      return [
        name, times[name]!.length, (ms / 1000).toFixed(3), (Math.min(...times[name]!) / 1000).toFixed(3), (1000 / ms).toFixed(2), ((1000 * request.batch) / ms).toFixed(1),
        factor ? `${factor.median.toFixed(2)} × (${factor.low.toFixed(2)} to ${factor.high.toFixed(2)})` : '', rate(ms).toFixed(1),
        // Operations over time, for both.
        `${Math.round((100 * flops) / peak.flops / ofPeak[name]!.median)} %`,
      ];
    }),
  ]);
  console.log(`peak: ${(peak.flops / median(times[product1024]!) / 1e6).toFixed(1)} GFLOP/s (MatMul 1024 × 1024 × 1024, float32, ONNX Runtime, in the same rounds); each round has ${inARow} steps in a row; ratios are medians of the rounds' own`);
  const outside = times[ours]!.map((ms, i) => (ms - inRuntime[i]!) / ms);
  console.log(`outside the runtime: ${(100 * median(outside)).toFixed(2)} % of a step (median; drawing ${request.batch} of ${points.count} points from their file, their text, feeds; log and checkpoints not counted)`);
  for (const [i, { value, gradientNorm, torch: other }] of agreement.entries()) {
    console.log(`step ${i + 1}: loss ${value}${other ? `, PyTorch ${other.loss}` : ''}; length of the gradient ${gradientNorm}${other ? `, PyTorch ${other.gradientNorm}` : ''}`);
  }
  console.log(torch ? 'PyTorch has one batch ready and prepares no data; its clipping, AdamW and average are included' : 'PyTorch: skipped, no Python here has torch (on Debian: python3-torch, libopenblas0-pthread)');
  torch?.close();
  await peak.close();
  await sleeping.close();
  await trainer.close();
  await points.close();
  await text.close();
  await rm(folder, { recursive: true });
}

/** Points as a run finds them in `folder`, with random numbers for latents and answers: what they are decides no time. */
async function inventedPoints(folder: string, checkpoint: Checkpoint, text: TeacherText, request: DistillRequest, source: ReturnType<typeof storybookPictures>): Promise<TeachingPoints> {
  const { in_channels: channels, sample_size: side } = checkpoint.transformer.config;
  // x_σ and the velocities of both branches.
  const length = 3 * sizeOf([channels, side, side]);
  const numbers = new Float16Array(request.points * length);
  for (let point = 0; point < request.points; point++) numbers.set(new TrainingRandom(request.seed, 1, point).normals(length), point * length);
  await writeFile(path.join(folder, pointsFile), new Uint8Array(numbers.buffer));
  return teachingPoints({ checkpoint, text, source, request, folder, session: {}, onPoints: () => {} });
}
