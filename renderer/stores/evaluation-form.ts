// The evaluation that a person is composing: what stands in the fields, what is wrong with it, what is asked of the host. Pure.
import { EvaluateRequest, EvaluationPrompt } from '../../main/contract/evaluation.ts';
import type { ModelInfo, Reflection, Sampler } from '../../main/contract/schemas.ts';
import { ranges } from './form-state.ts';
import { readNumbers } from './number-list.ts';

export type PromptSource = 'held-out' | 'known' | 'pasted';
export const promptSources: readonly PromptSource[] = ['held-out', 'known', 'pasted'];

export interface EvaluationForm {
  models: readonly string[];
  /** As typed: a list of numbers or ranges. */
  guidance: string;
  samplers: readonly Sampler[];
  reflection: Reflection;
  steps: number;
  prompts: PromptSource;
  /** One prompt a line, as text or as JSON with its seed. */
  pasted: string;
  count: number;
  controls: boolean;
  /** Whether copies of training pictures are looked for. */
  copies: boolean;
  /** Of the bootstrap. It has no field: an evaluation that is repeated keeps what it was asked with. */
  resamples: number;
}

const request = EvaluateRequest.parse({ models: ['any'] });

export const countRange = { min: 1, max: 20_000, step: 1, initial: request.count } as const;
/** Seed of the first pasted prompt; the next lines count on. The command line numbers a file of prompts the same way. */
export const firstSeed = 1000;
const mostGuidance = 16;
const mostModels = 12;

export const firstEvaluation: EvaluationForm = {
  models: [],
  guidance: request.guidance.join(', '),
  samplers: request.samplers,
  reflection: request.reflection,
  steps: request.steps,
  prompts: 'held-out',
  pasted: '',
  count: request.count,
  controls: request.controls,
  copies: true,
  resamples: request.resamples,
};

/** What keeps an evaluation from being asked for; `part` is the piece of text that is meant. */
export type FormProblem =
  | { kind: 'models' | 'tooManyModels' | 'samplers' | 'guidance' | 'tooManyGuidance' | 'pasted' }
  | { kind: 'guidancePart' | 'pastedLine'; part: string };

export type Composed = { ok: true; request: EvaluateRequest } | { ok: false; problem: FormProblem };

/** The request that the form stands for, or the first thing that is wrong with it. */
export function compose(form: EvaluationForm): Composed {
  if (form.models.length === 0) return refuse({ kind: 'models' });
  if (form.models.length > mostModels) return refuse({ kind: 'tooManyModels' });
  const guidance = readNumbers(form.guidance, ranges.guidance);
  if (!guidance.ok) return refuse({ kind: 'guidancePart', part: guidance.part });
  if (guidance.values.length === 0) return refuse({ kind: 'guidance' });
  if (guidance.values.length > mostGuidance) return refuse({ kind: 'tooManyGuidance' });
  if (form.samplers.length === 0) return refuse({ kind: 'samplers' });
  const pasted = readPasted(form.pasted);
  if (form.prompts === 'pasted') {
    if (!pasted.ok) return refuse({ kind: 'pastedLine', part: pasted.line });
    if (pasted.prompts.length === 0) return refuse({ kind: 'pasted' });
  }
  const own = form.prompts === 'pasted' && pasted.ok ? pasted.prompts : null;
  return {
    ok: true,
    request: {
      models: [...form.models],
      guidance: guidance.values,
      samplers: [...form.samplers],
      reflection: form.samplers.every((sampler) => sampler === 'euler') ? {} : form.reflection,
      steps: form.steps,
      prompts: own ?? (form.prompts === 'known' ? 'known' : 'held-out'),
      // A pasted list is meant as a whole.
      count: own?.length ?? form.count,
      controls: form.controls,
      ...(form.copies ? {} : { copies: false }),
      resamples: form.resamples,
    },
  };
}

export type Pasted = { ok: true; prompts: EvaluationPrompt[] } | { ok: false; line: string };

/**
 * Lines that hold something, each with its seed: plain text is numbered from `firstSeed`, a JSON object may bring its own.
 * Else the beginning of the first line that is no prompt.
 */
export function readPasted(text: string): Pasted {
  const lines = text.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  const prompts: EvaluationPrompt[] = [];
  for (const line of lines) {
    const read = EvaluationPrompt.safeParse({ seed: firstSeed + prompts.length, ...readLine(line) });
    if (!read.success || prompts.length === countRange.max) return { ok: false, line: line.length > 40 ? `${line.slice(0, 40)} …` : line };
    prompts.push(read.data);
  }
  return { ok: true, prompts };
}

function readLine(line: string): object {
  if (!line.startsWith('{')) return { prompt: line };
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}

/** What `readPasted` reads back as the same. */
function writePasted(prompts: readonly EvaluationPrompt[]): string {
  const plain = ({ prompt, seed }: EvaluationPrompt, at: number): boolean =>
    seed === firstSeed + at && prompt === prompt.trim() && /^[^{\n][^\n]*$/u.test(prompt);
  return prompts.map((entry, at) => (plain(entry, at) ? entry.prompt : JSON.stringify(entry))).join('\n');
}

/** The first teacher that runs, with its TeEFusion student, or with any. */
export function firstPair(models: readonly ModelInfo[]): string[] {
  const whole = models.filter((model) => model.problem === null);
  const teacher = whole.find((model) => model.kind === 'teacher');
  if (teacher === undefined) return whole.slice(0, 1).map((model) => model.id);
  const own = whole.filter((model) => model.kind === 'student' && (model.teacher === null || model.teacher === teacher.id));
  const fits = own.filter((model) => model.guidanceKind === 'teefusion');
  const student = fits.find((model) => model.distilledFrom === 'euler') ?? fits[0] ?? own[0];
  return student === undefined ? [teacher.id] : [teacher.id, student.id];
}

/** One click: a teacher and its student on the first published prompts, at few scales. */
export function quickRequest(models: readonly ModelInfo[]): EvaluateRequest | null {
  const pair = firstPair(models);
  if (pair.length === 0) return null;
  return { ...request, models: pair, guidance: [1, 3, 5, 7], count: 64 };
}

/** The form as an earlier evaluation had it, to be asked again with changes. */
export function restoreEvaluation(asked: EvaluateRequest): EvaluationForm {
  return {
    models: asked.models,
    guidance: asked.guidance.join(', '),
    samplers: asked.samplers,
    reflection: asked.reflection,
    steps: asked.steps,
    prompts: typeof asked.prompts === 'string' ? asked.prompts : 'pasted',
    pasted: typeof asked.prompts === 'string' ? '' : writePasted(asked.prompts),
    count: asked.count,
    controls: asked.controls,
    copies: asked.copies ?? true,
    resamples: asked.resamples,
  };
}

function refuse(problem: FormProblem): Composed {
  return { ok: false, problem };
}
