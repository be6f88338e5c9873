// What one picture is asked for, checked, and what a person should be told about the request before they trust its picture.
import { z } from 'zod';
import { StudioError } from '../contract/errors.ts';
import { GuidanceScale, PromptText, Reflection, Sampler, Seed, Steps, type Warning } from '../contract/schemas.ts';
import type { StudentTraits } from './model.ts';

export const SampleRequest = z.object({
  prompt: PromptText,
  /** What the picture is to move away from; empty is the ordinary unconditional branch. */
  negativePrompt: PromptText.default(''),
  /** γ; for Z-Sampling γ₁, for W2SD strong = base. */
  guidance: GuidanceScale,
  steps: Steps,
  seed: Seed,
  /** A teacher's. A student makes Euler passes whatever is written here. */
  sampler: Sampler.default('euler'),
  reflection: Reflection.default({}),
});
export type SampleRequest = z.output<typeof SampleRequest>;
/** As a caller may write it: what has a default may be left out. */
export type SampleRequestInput = z.input<typeof SampleRequest>;

/** @throws StudioError `invalid-input` naming the first field that is wrong */
export function parseSampleRequest(input: SampleRequestInput): SampleRequest {
  const parsed = SampleRequest.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new StudioError('invalid-input', `The request's ${issue!.path.join('.') || 'form'} is wrong: ${issue!.message}.`);
}

/** `student`: null for a teacher. None of these stops a run. */
export function requestWarnings(request: SampleRequest, student: StudentTraits | null): Warning[] {
  return student === null ? teacherWarnings(request) : studentWarnings(request, student);
}

function teacherWarnings({ sampler, reflection, steps }: SampleRequest): Warning[] {
  const possible = steps - 1;
  if (sampler === 'euler' || possible === 0 || reflection.steps === undefined || reflection.steps <= possible) return [];
  return [{
    code: 'reflection-steps',
    message: `The last step never reflects: of ${steps} steps the first ${possible} reflect, not ${reflection.steps}.`,
  }];
}

function studentWarnings({ guidance, sampler, steps }: SampleRequest, student: StudentTraits): Warning[] {
  const warnings: Warning[] = [];
  if (student.guidanceRange !== null) {
    const [least, most] = student.guidanceRange;
    if (guidance < least || guidance > most) {
      warnings.push({
        code: 'guidance-range',
        message: `This student was trained with guidance ${least} to ${most}; at ${guidance} its picture is a guess.`,
      });
    }
  }
  if (student.distilledSteps !== null && steps !== student.distilledSteps) {
    warnings.push({
      code: 'distilled-steps',
      message: `This student learned a schedule of ${student.distilledSteps} steps; with ${steps} it can differ from its teacher.`,
    });
  }
  if (sampler !== 'euler' && sampler !== student.distilledFrom) {
    const origin = student.distilledFrom === null ? 'an unknown sampler' : samplerNames[student.distilledFrom];
    warnings.push({ code: 'student-sampler', message: `This student learned from ${origin}, not from ${samplerNames[sampler]}.` });
  }
  return warnings;
}

const samplerNames: Readonly<Record<Sampler, string>> = { euler: 'Euler+CFG', 'z-sampling': 'Z-Sampling', w2sd: 'W2SD' };
