// `studio distill`: makes a student of a teacher on this machine: a job of the library, the same that the window has, followed to its end.
// Stopped or killed, the same command goes on.
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { z } from 'zod';
import { DistillRequest, GuidanceEmbedding, Optimizer, PointsFrom } from '../../contract/distillation.ts';
import { JobConfig } from '../../contract/jobs.ts';
import { type RgbPicture, Sampler, Settings, StudentKind } from '../../contract/schemas.ts';
import { writeFileAtomic } from '../../checkpoints/atomic.ts';
import { encodePng } from '../../library/images/png.ts';
import type { Command } from '../command.ts';
import { type Arguments, UsageError, validated } from '../options.ts';
import { present } from '../picture-options.ts';
import { beginJob } from '../distill-begin.ts';
import { DistillDisplay } from '../distill-display.ts';
import { distillResult } from '../distill-result.ts';
import { followedJob } from '../follow-job.ts';
import { unwrap } from '../watch-run.ts';

const options = {
  config: { value: 'FILE', help: 'settings as a JSON file, the same that a job of the window has; options given here go before it' },
  name: { value: 'NAME', help: 'the new student\'s name (default my-student)' },
  teacher: { value: 'MODEL', help: 'the teacher (default storybook)' },
  'init-from': { value: 'MODEL', help: 'a student of the same teacher and kind to go on from (default: begin with the teacher)' },
  kind: { value: 'NAME', help: `how the student takes its guidance scale: ${StudentKind.options.join(', ')} (default teefusion)` },
  strategy: { value: 'NAME', help: `the teacher's sampler to learn from: ${Sampler.options.join(', ')} (default euler)` },
  'schedule-steps': { value: 'N', help: 'steps of the schedule that is taught (z-sampling, w2sd) and of a trajectory (default 20)' },
  'reflection-steps': { value: 'N', help: 'how many leading steps reflect (z-sampling, w2sd)' },
  'inversion-guidance': { value: 'N', help: 'guidance of the way back (z-sampling, default 0.5)' },
  'weak-guidance': { value: 'N', help: 'guidance of the weak model (w2sd, default 1)' },
  'no-guard': { help: 'reflect near the end of the schedule too' },
  'guidance-range': { value: 'LOW,HIGH', help: 'guidance scales to learn (default 1,9)' },
  'guidance-embedding': { value: 'NAME', help: `the number given to the network: ${GuidanceEmbedding.options.join(' or ')} = scale − 1 (default scale; for linear w)` },
  'guidance-multiplier': { value: 'N', help: 'factor of the scale before its sinusoid (default 110)' },
  'fusion-scale': { value: 'N', help: 'factor of the guidance term (default: a third of the text\'s size)' },
  steps: { value: 'N', help: 'training steps (default 400)' },
  batch: { value: 'N', help: 'samples per step (default 64)' },
  accumulate: { value: 'N', help: 'parts of a batch that are computed one after the other, for less memory (default 1)' },
  recompute: { help: 'compute the inside of each block again for its gradients: less memory, more time' },
  points: { value: 'N', help: 'teaching points (default 8192)' },
  'points-from': { value: 'NAME', help: `where they come from: ${PointsFrom.options.join(', ')} (default noised: pictures with noise; trajectories: the teacher\'s way from noise to picture; student: that of --init-from)` },
  'own-scale-share': { value: 'N', help: 'how often a point of a trajectory teaches the trajectory\'s own scale, 0 to 1 (euler, default 0.5)' },
  prompts: { value: 'FILE', help: 'prompts to learn from, one a line; not with noised points (default: the Storybook world)' },
  'library-prompts': { value: 'WORDS', help: 'learn from the library\'s past prompts that match; not with noised points' },
  pictures: { value: 'DIR', help: 'learn from a folder of pictures with .txt captions or a metadata.jsonl' },
  optimizer: { value: 'NAME', help: `${Optimizer.options.join(' or ')} (default adamw)` },
  'lora-rank': { value: 'N', help: 'train low-rank adapters of this rank instead of all weights: less memory' },
  'lora-alpha': { value: 'N', help: 'their factor times the rank (default the rank)' },
  'learning-rate': { value: 'N', help: 'at the top of its schedule (default 0.0005)' },
  warmup: { value: 'N', help: 'steps in which the rate rises to its top (default a tenth of all, 30 at most)' },
  hold: { value: 'N', help: 'share of the other steps at the top rate before it falls, 0 to 1 (default 0)' },
  'final-share': { value: 'N', help: 'of the top rate, at the last step (default 0.05)' },
  'loss-knee': { value: 'N', help: 'distance from scale 1 at which an error counts half, beyond it less; 0: all scales alike (default 0)' },
  'weigh-steps': { help: 'count the error at a noise level by the length of the sampler\'s step there (euler)' },
  'guidance-emphasis': { value: 'N', help: 'an error along the teacher\'s guidance counts 1 + N times: a student does less of that than it is asked for (default 0)' },
  'average-decay': { value: 'N', help: 'of the running average of the weights, which becomes the student (default 0.99)' },
  seed: { value: 'N', help: 'of all that is random (default 1)' },
  device: { value: 'NAME', help: `where it is computed: ${Settings.shape.device.unwrap().options.join(', ')} (default cpu)` },
  threads: { value: 'N', help: 'threads, 0 for one per core (default 0)' },
  'validate-every': { value: 'N', help: 'steps between measurements of the validation loss, 0 for none (default 20)' },
  'checkpoint-every': { value: 'N', help: 'steps between checkpoints (default 50)' },
  hurry: { help: 'train at ordinary priority, without regard to other programs' },
  'sample-every': { value: 'N', help: 'steps between rounds of sample pictures, 0 for none (default 100)' },
  samples: { value: 'DIR', help: 'also write the sample pictures into this folder' },
  evaluate: { value: 'N', help: 'measure the finished student beside its teacher on N prompts (default: not)' },
  'evaluate-guidance': { value: 'N,N', help: 'guidance scales to measure with (default 3,5,7 as far as they are learned)' },
  restart: { help: 'throw away an unfinished distillation of this name that had other settings' },
} as const;

/** Option of each field of the request; of the reflection, of each of its fields. */
const flags: Readonly<Record<string, keyof typeof options>> = Object.freeze({
  name: 'name', teacher: 'teacher', initFrom: 'init-from', kind: 'kind', strategy: 'strategy', scheduleSteps: 'schedule-steps', guidanceRange: 'guidance-range',
  guidanceEmbedding: 'guidance-embedding', guidanceMultiplier: 'guidance-multiplier', fusionScale: 'fusion-scale', steps: 'steps', batch: 'batch', accumulate: 'accumulate', recompute: 'recompute',
  points: 'points', pointsFrom: 'points-from', ownScaleShare: 'own-scale-share', prompts: 'prompts', optimizer: 'optimizer', learningRate: 'learning-rate', lora: 'lora-rank',
  warmup: 'warmup', hold: 'hold', finalShare: 'final-share', lossKnee: 'loss-knee', weighSteps: 'weigh-steps', guidanceEmphasis: 'guidance-emphasis', averageDecay: 'average-decay',
  seed: 'seed', device: 'device', threads: 'threads', validateEvery: 'validate-every', checkpointEvery: 'checkpoint-every', sampleEvery: 'sample-every', gentle: 'hurry',
  'reflection.steps': 'reflection-steps', 'reflection.inversionGuidance': 'inversion-guidance', 'reflection.weakGuidance': 'weak-guidance',
  'lora.rank': 'lora-rank', 'lora.alpha': 'lora-alpha', evaluate: 'evaluate', 'evaluate.count': 'evaluate', 'evaluate.guidance': 'evaluate-guidance', 'guidanceRange.0': 'guidance-range', 'guidanceRange.1': 'guidance-range',
});

export const distill: Command = {
  name: 'distill',
  summary: 'Make a student: teach it to do with one pass per step what a teacher does with many.',
  synopsis: '',
  options,
  async run({ args, terminal, libraryDir, studio, signal }) {
    args.none();
    const config = distillConfig(args);
    const shown = samplesIn(args.text('samples'));
    const session = await studio('path' in config.source ? [config.source.path] : []);
    const display = new DistillDisplay(terminal.streams.stderr, terminal.json);
    const begin = () => beginJob(session, config, {
      signal, restart: args.has('restart'),
      onMeasuring: () => void (terminal.json || terminal.note('measuring a few steps …')),
      onWarning: (message) => display.warning(message),
      onEstimate: (estimate) => display.estimate(estimate),
    });
    const done = await followedJob(session, begin, {
      display, signal, again: `the same command, or studio jobs resume ${config.name}`,
      ...(shown && { onSample: (sample) => shown.keep(sample.step, sample.index, async () => unwrap(await session.call('jobs.picture', sample))) }),
    });
    await shown?.kept();
    const { document, text } = await distillResult(done, libraryDir);
    terminal.result(document, text);
  },
};

/** The file's settings with the options' put over them. @throws UsageError saying which of them is wrong, and where it stands */
export function distillConfig(args: Arguments): JobConfig {
  const file = args.text('config');
  const fromFile = file === undefined ? {} : readConfig(file);
  const typed = present({
    ...Object.fromEntries(['name', 'teacher', 'initFrom', 'kind', 'strategy', 'guidanceEmbedding', 'pointsFrom', 'optimizer', 'device'].map((field) => [field, args.text(flags[field]!)])),
    ...Object.fromEntries(
      ['scheduleSteps', 'guidanceMultiplier', 'fusionScale', 'steps', 'batch', 'accumulate', 'points', 'ownScaleShare', 'learningRate', 'warmup', 'hold', 'finalShare', 'lossKnee', 'guidanceEmphasis', 'averageDecay', 'seed', 'threads', 'validateEvery', 'checkpointEvery', 'sampleEvery'].map((field) => [field, args.number(flags[field]!)]),
    ),
    guidanceRange: range(args.text('guidance-range')),
    prompts: promptsOf(args.text('prompts')),
    gentle: args.has('hurry') ? false : undefined,
    recompute: args.has('recompute') ? true : undefined,
    weighSteps: args.has('weigh-steps') ? true : undefined,
    source: sourceOf(args),
  }) as Record<string, unknown>;
  const reflection = present({
    steps: args.number('reflection-steps'), inversionGuidance: args.number('inversion-guidance'), weakGuidance: args.number('weak-guidance'),
    guard: args.has('no-guard') ? false : undefined,
  }) as Record<string, unknown>;
  const lora = present({ rank: args.number('lora-rank'), alpha: args.number('lora-alpha') }) as Record<string, unknown>;
  const evaluate = present({ count: args.number('evaluate'), guidance: scales(args.text('evaluate-guidance')) }) as Record<string, unknown>;
  const over = (field: 'reflection' | 'lora' | 'evaluate', options: Record<string, unknown>): Record<string, unknown> => {
    const own = fromFile[field];
    return Object.keys(options).length === 0 ? {} : { [field]: { ...(typeof own === 'object' ? own : {}), ...options } };
  };
  const merged: Record<string, unknown> = { ...fromFile, ...typed, ...over('reflection', reflection), ...over('lora', lora), ...over('evaluate', evaluate) };
  // One source goes before the file's, in whichever of the two forms each is.
  if ('prompts' in typed && !('source' in typed)) delete merged['source'];
  if ('source' in typed && !('prompts' in typed)) delete merged['prompts'];
  // A complaint names what the person wrote: the option, or the key in the file.
  const said = (field: string): string => {
    const [of, within = ''] = field.split('.') as [string, string?];
    const given = of === 'reflection' ? within in reflection : of === 'lora' ? within in lora : of === 'evaluate' ? within in evaluate : of in typed;
    return given || file === undefined ? `--${flags[field]!}` : `"${field}" in ${file}`;
  };
  const names = { ...Object.fromEntries(Object.keys(flags).map((field) => [field, said(field)])), '': file ?? 'the request' };
  return validated(JobConfig, withSource(merged, said('prompts')) as z.input<typeof JobConfig>, names);
}

/** `prompts`, a list, is the short form of a source; an absolute path is the same wherever the command runs. */
function withSource({ prompts, source, ...rest }: Record<string, unknown>, name: string): Record<string, unknown> {
  if (prompts !== undefined && prompts !== null) {
    if (source !== undefined) throw new UsageError(`${name}: there is another source of prompts already`);
    return { ...rest, source: { kind: 'list', prompts: validated(DistillRequest.shape.prompts, prompts as string[], { '': name }) } };
  }
  const hasPath = typeof source === 'object' && source !== null && 'path' in source && typeof source.path === 'string';
  return { ...rest, ...(source !== undefined && { source: hasPath ? { ...source, path: resolve(source.path as string) } : source }) };
}

function sourceOf(args: Arguments): JobConfig['source'] | undefined {
  const [path, search] = [args.text('pictures'), args.text('library-prompts')];
  if (path !== undefined && search !== undefined) throw new UsageError('--pictures and --library-prompts are two sources; a student has one');
  if (path !== undefined) return { kind: 'folder', path };
  return search === undefined ? undefined : { kind: 'library', search };
}

/** Keeps sample pictures in a folder; null where none are wanted. */
function samplesIn(typed: string | undefined): { keep(step: number | null, index: number, picture: () => Promise<RgbPicture>): void; kept(): Promise<void> } | null {
  if (typed === undefined) return null;
  const folder = resolve(typed);
  mkdirSync(folder, { recursive: true });
  let keeping = Promise.resolve();
  return {
    keep(step, index, picture) {
      keeping = keeping.then(async () => {
        const { width, height, rgb } = await picture();
        await writeFileAtomic(join(folder, `${step ?? 'teacher'}-${index}.png`), await encodePng({ width, height, rgb: Buffer.from(rgb, 'base64') }, {}));
      });
      // Told by whoever waits for it.
      keeping.catch(() => undefined);
    },
    kept: () => keeping,
  };
}

/** A file's text without a byte order mark. */
function readText(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    throw new UsageError(`--${option}: ${file} cannot be read: ${(error as Error).message}`);
  }
}

function readConfig(file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(readText('config', file));
  } catch (error) {
    throw new UsageError(`--config: ${file} is not valid JSON: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new UsageError(`--config: ${file} must hold one JSON object`);
  return value as Record<string, unknown>;
}

/** The lines of a file that say something. */
function promptsOf(file: string | undefined): string[] | undefined {
  if (file === undefined) return undefined;
  const lines = readText('prompts', file).split(/\r\n|\n|\r/).map((line) => line.trim()).filter((line) => line !== '');
  if (lines.length === 0) throw new UsageError(`--prompts: ${file} holds no prompt`);
  return lines;
}

function scales(typed: string | undefined): number[] | undefined {
  if (typed === undefined) return undefined;
  const parts = typed.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (!parts.every(Number.isFinite)) throw new UsageError(`--evaluate-guidance takes numbers such as 3,5, not "${typed}"`);
  return parts;
}

function range(typed: string | undefined): [number, number] | undefined {
  if (typed === undefined) return undefined;
  const parts = typed.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (parts.length !== 2 || !parts.every(Number.isFinite)) throw new UsageError(`--guidance-range takes two numbers such as 1,9, not "${typed}"`);
  return parts as [number, number];
}
