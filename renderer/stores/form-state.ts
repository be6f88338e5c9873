// The request that a person is composing: defaults, what a run restores, and what the numbers mean together.
import { CompareRequest, type ModelInfo, type Reflection, type RunRecord, type Sampler, type Verdict } from '../../main/contract/schemas.ts';

export interface Form {
  prompt: string;
  negativePrompt: string;
  guidance: number;
  steps: number;
  seed: number;
  /** Unlocked: every run draws a new seed. */
  seedLocked: boolean;
  sampler: Sampler;
  reflection: Reflection;
  teacher: string;
  /** null: whichever fits the sampler. */
  student: string | null;
}

export interface Range {
  min: number;
  max: number;
  step: number;
  initial: number;
}

const request = CompareRequest.parse({ prompt: '' });

/** What the fields accept. The slider ends earlier than the number field: beyond it pictures only burn. */
export const ranges = {
  guidance: { min: 0, max: 30, step: 0.1, initial: request.guidance },
  guidanceSlider: { min: 0, max: 12, step: 0.1, initial: request.guidance },
  steps: { min: 1, max: 200, step: 1, initial: request.steps },
  seed: { min: 0, max: 4294967295, step: 1, initial: request.seed },
  inversionGuidance: { min: 0, max: 30, step: 0.1, initial: 0.5 },
  weakGuidance: { min: 0, max: 30, step: 0.1, initial: 1 },
} as const satisfies Record<string, Range>;

export const firstForm: Form = {
  prompt: 'a red boat on the sea',
  negativePrompt: request.negativePrompt,
  guidance: request.guidance,
  steps: request.steps,
  seed: request.seed,
  seedLocked: true,
  sampler: request.sampler,
  reflection: request.reflection,
  teacher: request.teacher,
  student: request.student,
};

/** The settings of a run, as they were. The lock is set, so that running again makes the same picture. */
export function restore(run: RunRecord, form: Form): Form {
  return {
    prompt: run.prompt,
    negativePrompt: run.negativePrompt,
    guidance: run.guidance,
    steps: run.steps,
    seed: run.seed,
    seedLocked: true,
    sampler: run.sampler,
    reflection: run.reflection,
    teacher: run.teacher ?? form.teacher,
    student: run.student,
  };
}

export function toRequest(form: Form): CompareRequest {
  const { seedLocked: _lock, ...values } = form;
  return { ...values, reflection: form.sampler === 'euler' ? {} : form.reflection };
}

/** A seed drawn from 32 bits; `random` yields numbers in [0, 1). */
export function drawSeed(random: () => number = Math.random): number {
  return Math.floor(random() * 4294967296);
}

/** CFG scale that the sampler equals to first order (METHOD.md): Z-Sampling 2γ₁−γ₂, W2SD base+strong−weak with strong=base. */
export function effectiveGuidance(form: Pick<Form, 'guidance' | 'sampler' | 'reflection'>): number {
  switch (form.sampler) {
    case 'euler':
      return form.guidance;
    case 'z-sampling':
      return 2 * form.guidance - (form.reflection.inversionGuidance ?? ranges.inversionGuidance.initial);
    case 'w2sd':
      return 2 * form.guidance - (form.reflection.weakGuidance ?? ranges.weakGuidance.initial);
  }
}

/** The student that a comparison will use: the chosen one, else the one distilled from this sampler, else any TeEFusion one. */
export function studentFor(form: Pick<Form, 'student' | 'teacher' | 'sampler'>, models: readonly ModelInfo[]): ModelInfo | null {
  const students = models.filter((model) => model.kind === 'student' && model.problem === null);
  if (form.student !== null) return students.find((model) => model.id === form.student) ?? null;
  const own = students.filter((model) => model.teacher === null || model.teacher === form.teacher);
  const teefusion = own.filter((model) => model.guidanceKind === 'teefusion');
  return teefusion.find((model) => model.distilledFrom === form.sampler) ?? teefusion[0] ?? own[0] ?? null;
}

export const verdicts: readonly Verdict[] = ['teacher', 'tie', 'student', 'both-bad'];
