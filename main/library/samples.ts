// Valid values for tests, apart from `test-support.ts` because child processes use them without Vitest.
import type { NewImage } from './images/store.ts';
import type { NewRun } from './repositories/runs.ts';

export function sampleRun(changes: Partial<NewRun> = {}): NewRun {
  return {
    kind: 'compare', prompt: 'a red boat on the sea', negativePrompt: '', guidance: 5, steps: 20, seed: 7, sampler: 'euler',
    reflection: {}, teacher: 'storybook', student: 'storybook-teefusion', count: 1, warnings: [], ...changes,
  };
}

export function sampleImage(run: string, changes: Partial<NewImage> = {}): NewImage {
  return {
    run, role: 'teacher', model: 'storybook', modelHash: '0123456789abcdef', prompt: 'a red boat on the sea', negativePrompt: '',
    guidance: 5, effectiveGuidance: 5, steps: 20, seed: 7, sampler: 'euler', reflection: {}, generator: 'torch-mt19937', nfe: 40,
    ms: 2100.5, samplingMs: 2000.25, decodeMs: 100.25, device: 'cpu', threads: 2, runtime: 'onnxruntime 1.30.0', ...changes,
  };
}
