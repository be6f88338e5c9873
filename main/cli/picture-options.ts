// The options that `compare` and `generate` share: what determines a picture, as a person types it.
import { Sampler, type CompareRequest } from '../contract/schemas.ts';
import type { Arguments, OptionTable } from './options.ts';

export const pictureOptions = {
  negative: { value: 'TEXT', help: 'what the picture should not show' },
  guidance: { value: 'N', help: 'guidance scale, 0 to 30; 1 is no guidance (default 5)' },
  steps: { value: 'N', help: 'denoising steps, 1 to 200 (default 20)' },
  seed: { value: 'N', help: 'seed of the starting noise, 0 to 4294967295 (default 7)' },
  sampler: { value: 'NAME', help: `teacher's sampler: ${Sampler.options.join(', ')} (default euler)` },
  'reflection-steps': { value: 'N', help: 'how many leading steps reflect (z-sampling, w2sd)' },
  'inversion-guidance': { value: 'N', help: 'guidance of the way back (z-sampling, default 0.5)' },
  'weak-guidance': { value: 'N', help: 'guidance of the weak model (w2sd, default 1)' },
  'no-guard': { help: 'reflect near the end of the schedule too' },
  out: { value: 'DIR', help: 'also copy the pictures into this folder' },
} as const satisfies OptionTable;

/** Which option holds a field of the request. */
export const pictureFlags: Readonly<Record<string, string>> = Object.freeze({
  prompt: 'the prompt',
  negativePrompt: '--negative',
  guidance: '--guidance',
  steps: '--steps',
  seed: '--seed',
  sampler: '--sampler',
  'reflection.steps': '--reflection-steps',
  'reflection.inversionGuidance': '--inversion-guidance',
  'reflection.weakGuidance': '--weak-guidance',
});

type Fields = Pick<CompareRequest, 'prompt' | 'negativePrompt' | 'guidance' | 'steps' | 'seed' | 'sampler' | 'reflection'>;

/** What was typed, unchecked; fields left out take the contract's defaults. @throws UsageError for what is no number */
export function pictureFields(args: Arguments): Partial<Fields> & { prompt: string } {
  const reflection = present({
    steps: args.number('reflection-steps'),
    inversionGuidance: args.number('inversion-guidance'),
    weakGuidance: args.number('weak-guidance'),
    guard: args.has('no-guard') ? false : undefined,
  });
  return {
    prompt: args.only('the prompt'),
    reflection,
    ...present({
      negativePrompt: args.text('negative'),
      guidance: args.number('guidance'),
      steps: args.number('steps'),
      seed: args.number('seed'),
      // Checked with the rest of the request.
      sampler: args.text('sampler') as Sampler | undefined,
    }),
  };
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the fields that are undefined. 0 and '' stay: they are values. */
export function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
}
