// `studio distill`: makes a student of a teacher on this machine. Reads and writes folders only, so it works while another process has
// the library; stopped or killed, the same command goes on.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { DistillRequest } from '../../contract/distillation.ts';
import { Sampler } from '../../contract/schemas.ts';
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
  strategy: { value: 'NAME', help: `the teacher's sampler to learn from: ${Sampler.options.join(', ')} (default euler)` },
  'schedule-steps': { value: 'N', help: 'steps of the schedule that is taught (z-sampling, w2sd; default 20)' },
  'reflection-steps': { value: 'N', help: 'how many leading steps reflect (z-sampling, w2sd)' },
  'inversion-guidance': { value: 'N', help: 'guidance of the way back (z-sampling, default 0.5)' },
  'weak-guidance': { value: 'N', help: 'guidance of the weak model (w2sd, default 1)' },
  'no-guard': { help: 'reflect near the end of the schedule too' },
  'guidance-range': { value: 'LOW,HIGH', help: 'guidance scales to learn (default 1,9)' },
  'guidance-multiplier': { value: 'N', help: 'factor of the scale before its sinusoid (default 110)' },
  'fusion-scale': { value: 'N', help: 'factor of the guidance term (default: a third of the text\'s size)' },
  steps: { value: 'N', help: 'training steps (default 400)' },
  batch: { value: 'N', help: 'samples per step (default 64)' },
  points: { value: 'N', help: 'teaching points (default 8192)' },
  'learning-rate': { value: 'N', help: 'at the top of its schedule (default 0.0005)' },
  seed: { value: 'N', help: 'of all that is random (default 1)' },
  threads: { value: 'N', help: 'threads, 0 for one per core (default 0)' },
  out: { value: 'DIR', help: 'folder of models to put the student in (default: the library\'s)' },
  restart: { help: 'throw away an unfinished distillation of this name that had other settings' },
} as const;

/** Option of each field of the request; of the reflection, of each of its fields. */
const flags: Readonly<Record<string, keyof typeof options>> = Object.freeze({
  name: 'name', teacher: 'teacher', strategy: 'strategy', scheduleSteps: 'schedule-steps', guidanceRange: 'guidance-range',
  guidanceMultiplier: 'guidance-multiplier', fusionScale: 'fusion-scale', steps: 'steps', batch: 'batch', points: 'points',
  learningRate: 'learning-rate', seed: 'seed', threads: 'threads',
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
      const { name, teacher, strategy, steps } = request;
      const result = {
        model: name, folder, teacher, strategy, guidance_range: request.guidanceRange, steps, batch: request.batch, points: request.points,
        samples, loss, fusion_scale: fusionScale, guidance_multiplier: request.guidanceMultiplier, seed: request.seed,
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
    ...Object.fromEntries(['name', 'teacher', 'strategy'].map((field) => [field, args.text(flags[field]!)])),
    ...Object.fromEntries(
      ['scheduleSteps', 'guidanceMultiplier', 'fusionScale', 'steps', 'batch', 'points', 'learningRate', 'seed', 'threads'].map((field) => [field, args.number(flags[field]!)]),
    ),
    guidanceRange: range(args.text('guidance-range')),
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

function readConfig(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--config: ${file} cannot be read: ${(error as Error).message}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw new UsageError(`--config: ${file} is not valid JSON: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new UsageError(`--config: ${file} must hold one JSON object`);
  return value as Record<string, unknown>;
}

function range(typed: string | undefined): [number, number] | undefined {
  if (typed === undefined) return undefined;
  const parts = typed.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (parts.length !== 2 || !parts.every(Number.isFinite)) throw new UsageError(`--guidance-range takes two numbers such as 1,9, not "${typed}"`);
  return parts as [number, number];
}
