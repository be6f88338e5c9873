// `studio distill`: makes a student of a teacher on this machine. Reads and writes folders only, so it works while another process has
// the library; stopped or killed, the same command goes on.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { DistillRequest, GuidanceEmbedding, Optimizer, PointsFrom } from '../../contract/distillation.ts';
import { Sampler, StudentKind } from '../../contract/schemas.ts';
import { distilStudent } from '../../studio/distillation.ts';
import type { Command } from '../command.ts';
import { type Arguments, UsageError, validated } from '../options.ts';
import { present } from '../picture-options.ts';
import { modelFolders } from '../places.ts';
import { DistillDisplay } from '../distill-display.ts';
import { seconds, table } from '../terminal.ts';

const options = {
  config: { value: 'FILE', help: 'settings as a JSON file with the names of the request; options given here go before it' },
  name: { value: 'NAME', help: 'the new student\'s name (default my-student)' },
  teacher: { value: 'MODEL', help: 'the teacher (default storybook)' },
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
  points: { value: 'N', help: 'teaching points (default 8192)' },
  'points-from': { value: 'NAME', help: `where they come from: ${PointsFrom.options.join(', ')} (default noised: pictures with noise)` },
  'own-scale-share': { value: 'N', help: 'how often a point of a trajectory teaches the trajectory\'s own scale, 0 to 1 (euler, default 0.5)' },
  prompts: { value: 'FILE', help: 'prompts to learn from, one a line; only with trajectories (default: the Storybook world)' },
  optimizer: { value: 'NAME', help: `${Optimizer.options.join(' or ')} (default adamw)` },
  'learning-rate': { value: 'N', help: 'at the top of its schedule (default 0.0005)' },
  seed: { value: 'N', help: 'of all that is random (default 1)' },
  threads: { value: 'N', help: 'threads, 0 for one per core (default 0)' },
  out: { value: 'DIR', help: 'folder of models to put the student in (default: the library\'s)' },
  restart: { help: 'throw away an unfinished distillation of this name that had other settings' },
} as const;

/** Option of each field of the request; of the reflection, of each of its fields. */
const flags: Readonly<Record<string, keyof typeof options>> = Object.freeze({
  name: 'name', teacher: 'teacher', kind: 'kind', strategy: 'strategy', scheduleSteps: 'schedule-steps', guidanceRange: 'guidance-range',
  guidanceEmbedding: 'guidance-embedding', guidanceMultiplier: 'guidance-multiplier', fusionScale: 'fusion-scale', steps: 'steps', batch: 'batch',
  points: 'points', pointsFrom: 'points-from', ownScaleShare: 'own-scale-share', prompts: 'prompts', optimizer: 'optimizer', learningRate: 'learning-rate',
  seed: 'seed', threads: 'threads',
  'reflection.steps': 'reflection-steps', 'reflection.inversionGuidance': 'inversion-guidance', 'reflection.weakGuidance': 'weak-guidance',
  'guidanceRange.0': 'guidance-range', 'guidanceRange.1': 'guidance-range',
});

export const distill: Command = {
  name: 'distill',
  summary: 'Make a student: teach it to do with one pass per step what a teacher does with many.',
  synopsis: '',
  options,
  async run({ args, terminal, libraryDir, modelDirs, signal }) {
    args.none();
    const request = distillRequest(args);
    const display = new DistillDisplay(terminal.streams.stderr, terminal.json);
    const began = performance.now();
    const out = args.text('out');
    const folders = [...(out === undefined ? [] : [{ path: resolve(out), embedded: false }]), ...modelFolders(libraryDir, modelDirs)];
    try {
      const { folder, fusionScale, samples, loss } = await distilStudent(
        request, { libraryDir, folders, out: out === undefined ? null : resolve(out) },
        {
          signal,
          onProgress: (progress) => display.show(progress),
          onWarning: (message) => terminal.note(`warning: ${message}`),
        },
        args.has('restart'),
      );
      const ms = performance.now() - began;
      display.end();
      const { name, teacher, kind, strategy, steps } = request;
      const result = {
        model: name, folder, teacher, kind, strategy, guidance_range: request.guidanceRange, steps, batch: request.batch, points: request.points,
        points_from: request.pointsFrom, samples, loss, fusion_scale: fusionScale, guidance_multiplier: kind === 'linear' ? null : request.guidanceMultiplier,
        optimizer: request.optimizer, seed: request.seed,
        seconds: Number((ms / 1000).toFixed(3)),
      };
      const facts = [['model', name], ['folder', folder], ['steps', String(steps)], ['loss', loss.toFixed(5)], ['time', seconds(ms)]];
      terminal.result(result, table(facts));
    } finally {
      display.end();
    }
  },
};

/** The file's settings with the options' put over them. @throws UsageError saying which of them is wrong, and where it stands */
export function distillRequest(args: Arguments): DistillRequest {
  const file = args.text('config');
  const fromFile = file === undefined ? {} : readConfig(file);
  const typed = present({
    ...Object.fromEntries(['name', 'teacher', 'kind', 'strategy', 'guidanceEmbedding', 'pointsFrom', 'optimizer'].map((field) => [field, args.text(flags[field]!)])),
    ...Object.fromEntries(
      ['scheduleSteps', 'guidanceMultiplier', 'fusionScale', 'steps', 'batch', 'points', 'ownScaleShare', 'learningRate', 'seed', 'threads'].map((field) => [field, args.number(flags[field]!)]),
    ),
    guidanceRange: range(args.text('guidance-range')),
    prompts: promptsOf(args.text('prompts')),
  }) as Record<string, unknown>;
  const reflection = present({
    steps: args.number('reflection-steps'), inversionGuidance: args.number('inversion-guidance'), weakGuidance: args.number('weak-guidance'),
    guard: args.has('no-guard') ? false : undefined,
  }) as Record<string, unknown>;
  const own = fromFile['reflection'];
  const merged: Record<string, unknown> = { ...fromFile, ...typed };
  if (Object.keys(reflection).length > 0) merged['reflection'] = { ...(typeof own === 'object' ? own : {}), ...reflection };
  // A complaint names what the person wrote: the option, or the key in the file.
  const said = (field: string): string => {
    const given = field.startsWith('reflection.') ? field.slice('reflection.'.length) in reflection : field.split('.')[0]! in typed;
    return given || file === undefined ? `--${flags[field]!}` : `"${field}" in ${file}`;
  };
  const names = Object.fromEntries(Object.keys(flags).map((field) => [field, said(field)]));
  return validated(DistillRequest, merged as Parameters<typeof DistillRequest.parse>[0] & object, { ...names, '': file ?? 'the request' });
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

function range(typed: string | undefined): [number, number] | undefined {
  if (typed === undefined) return undefined;
  const parts = typed.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (parts.length !== 2 || !parts.every(Number.isFinite)) throw new UsageError(`--guidance-range takes two numbers such as 1,9, not "${typed}"`);
  return parts as [number, number];
}
