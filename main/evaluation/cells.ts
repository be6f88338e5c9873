// Which ways to make pictures an evaluation compares: those a person asked for, and METHOD's controls beside them.
// Pure: knows models only by what is listed about them, and no network, schedule or prompt.
import type { EvaluateRequest, EvaluationCell } from '../contract/evaluation.ts';
import { StudioError } from '../contract/errors.ts';
import type { ModelInfo, Reflection, Sampler, Warning } from '../contract/schemas.ts';

export interface CellPlan {
  /** Each asked cell is followed by the controls that it brought. */
  readonly cells: EvaluationCell[];
  /** What was left out, and why. */
  readonly warnings: Warning[];
}

/** What determines a cell; everything else follows from it and the list of models. */
type CellChoice = Pick<EvaluationCell, 'model' | 'kind' | 'sampler' | 'guidance' | 'steps'>;

/** How many branches a picture of this cell costs (NFE). */
export type CountPasses = (cell: CellChoice) => number;

/** The highest CFG scale that the studio draws with. */
const highestScale = 30;
/** As the samplers have them, where a person has not chosen. */
const defaults = { inversionGuidance: 0.5, weakGuidance: 1 };

/**
 * The cells of a request: models × samplers × guidance (a student has no sampler of its own choice), and, where they are wanted,
 * - beside a reflecting teacher, and a student that learned from one: Euler+CFG at the effective scale;
 * - beside a student: its teacher, by Euler and by the strategy it learned, with the number of steps whose passes come nearest
 *   to the student's.
 *
 * What is asked for twice is there once; a control that was also asked for counts as asked for. A student's scales outside the range it
 * was trained with are left out, not clamped: a clamped picture would stand in the tables under a scale that it does not have.
 * @param models every model that can be named, the students' teachers among them
 * @param passes NFE of a cell, for equal passes; by default without the guard of reflecting steps, which needs a schedule
 * @throws StudioError `not-found` for an unknown model, `corrupt-file` for a damaged one, `invalid-input` when nothing is left to draw
 */
export function planCells(request: EvaluateRequest, models: readonly ModelInfo[], passes: CountPasses = nominalPasses(request.reflection)): CellPlan {
  const warnings: Warning[] = [];
  const asked = unique(request.models).flatMap((id) => askedCells(request, usable(models, id), warnings));
  if (asked.length === 0) {
    throw new StudioError('invalid-input', 'None of the students was trained with any of these guidance scales.', {
      hint: warnings.map(({ message }) => message).join(' '),
    });
  }
  const cells = new Map(asked.map((cell) => [cell.key, cell]));
  const ordered: EvaluationCell[] = [];
  for (const cell of asked) {
    ordered.push(cell);
    if (!request.controls) continue;
    for (const control of controlsOf(cell, request, models, passes, warnings)) {
      if (cells.has(control.key)) continue;
      cells.set(control.key, control);
      ordered.push(control);
    }
  }
  return { cells: ordered, warnings: uniqueBy(warnings, ({ message }) => message) };
}

/** First-order equivalent CFG scale of a reflection: base + strong − weak (METHOD.md), rounded against the noise of binary fractions. */
export function effectiveScale(sampler: Sampler, guidance: number, reflection: Reflection): number {
  if (sampler === 'euler') return guidance;
  const weak = sampler === 'z-sampling' ? reflection.inversionGuidance ?? defaults.inversionGuidance : reflection.weakGuidance ?? defaults.weakGuidance;
  return Math.round((2 * guidance - weak) * 1e6) / 1e6;
}

/** Keys are stable: the same way to make pictures has the same key in every evaluation. */
export function cellKey({ model, sampler, guidance, steps }: CellChoice): string {
  return `${model}-${sampler}-g${guidance}-s${steps}`;
}

/** Key of the cell that drew what a student's cell was taught: its teacher by its own strategy at the same scale and steps. */
export function ownTeacherKey(cell: EvaluationCell, student: ModelInfo): string | null {
  if (cell.kind !== 'student' || student.teacher === null) return null;
  return cellKey({ ...cell, kind: 'teacher', model: student.teacher, sampler: student.distilledFrom ?? 'euler' });
}

/** The controls that belong beside a cell, whether they were asked for or not; warnings say which of them cannot be had. */
export function controlsOf(
  cell: EvaluationCell, { reflection }: Pick<EvaluateRequest, 'reflection'>, models: readonly ModelInfo[], passes: CountPasses, warnings: Warning[] = [],
): EvaluationCell[] {
  if (cell.purpose !== 'asked') return [];
  const teacher = teacherOf(cell, models);
  if (teacher === null) {
    warnings.push({ code: 'no-teacher', message: `The teacher of ${cell.model} is not installed: there are no controls beside it.` });
    return [];
  }
  const strategy = cell.kind === 'teacher' ? cell.sampler : models.find(({ id }) => id === cell.model)?.distilledFrom ?? 'euler';
  const controls: EvaluationCell[] = [];
  if (strategy !== 'euler') {
    const scale = cell.effectiveGuidance;
    if (scale < 0 || scale > highestScale) {
      warnings.push({ code: 'no-control', message: `The effective scale ${scale} of ${cell.key} is outside 0 to ${highestScale}: Euler+CFG cannot be drawn at it.` });
    } else {
      controls.push(makeCell({ model: teacher, kind: 'teacher', sampler: 'euler', guidance: scale, steps: cell.steps }, 'effective-scale', reflection));
    }
  }
  if (cell.kind === 'student') {
    for (const sampler of unique<Sampler>(['euler', strategy])) {
      const choice = { model: teacher, kind: 'teacher', sampler, guidance: cell.guidance, steps: cell.steps } as const;
      controls.push(makeCell({ ...choice, steps: nearestSteps(choice, cell.steps, passes) }, 'equal-passes', reflection));
    }
  }
  return controls;
}

/** NFE by the table of METHOD.md; the last step never reflects. */
export function nominalPasses(reflection: Reflection): CountPasses {
  const branches = (scale: number): number => (scale === 0 || scale === 1 ? 1 : 2);
  return ({ kind, sampler, guidance, steps }) => {
    if (kind === 'student') return steps;
    if (sampler === 'euler') return steps * branches(guidance);
    const weak = sampler === 'z-sampling' ? reflection.inversionGuidance ?? defaults.inversionGuidance : reflection.weakGuidance ?? defaults.weakGuidance;
    const reflecting = Math.min(reflection.steps ?? Infinity, steps - 1);
    return steps * branches(guidance) + reflecting * (branches(guidance) + branches(weak));
  };
}

/** The number of steps, at most the cell's own, whose passes come nearest to `wanted`; of two the larger, in the teacher's favour. */
function nearestSteps(cell: CellChoice, wanted: number, passes: CountPasses): number {
  let best = 1;
  let least = Infinity;
  for (let steps = 1; steps <= cell.steps; steps++) {
    const difference = Math.abs(passes({ ...cell, steps }) - wanted);
    if (difference <= least) [best, least] = [steps, difference];
  }
  return best;
}

function usable(models: readonly ModelInfo[], id: string): ModelInfo {
  const model = models.find((candidate) => candidate.id === id);
  if (model === undefined) throw new StudioError('not-found', `There is no model named ${id}.`, { hint: `Known are ${models.map((known) => known.id).join(', ')}.` });
  if (model.problem !== null) throw new StudioError('corrupt-file', `The model ${id} cannot be run: ${model.problem}`);
  return model;
}

function askedCells({ models, samplers, guidance, steps, reflection }: EvaluateRequest, model: ModelInfo, warnings: Warning[]): EvaluationCell[] {
  const scales = unique(guidance);
  const { id, kind, guidanceRange, distilledSteps, distilledFrom, teacher } = model;
  if (kind === 'teacher') {
    return unique(samplers).flatMap((sampler) => scales.map((scale) => makeCell({ model: id, kind, sampler, guidance: scale, steps }, 'asked', reflection)));
  }
  if (distilledSteps !== null && distilledSteps !== steps) {
    warnings.push({ code: 'other-steps', message: `${id} learned the steps of a schedule of ${distilledSteps}; here it makes ${steps}.` });
  }
  if (teacher !== null && models.includes(teacher) && distilledFrom !== null && !samplers.includes(distilledFrom)) {
    warnings.push({ code: 'other-sampler', message: `${id} learned from ${teacher} with ${distilledFrom}; without that sampler it is not compared with what it was taught.` });
  }
  const known = scales.filter((scale) => guidanceRange === null || (scale >= guidanceRange[0] && scale <= guidanceRange[1]));
  const strange = scales.filter((scale) => !known.includes(scale));
  if (strange.length > 0) {
    warnings.push({
      code: 'guidance-outside-range',
      message: `${id} was trained with guidance ${guidanceRange![0]} to ${guidanceRange![1]}; it is left out at ${strange.join(', ')}.`,
    });
  }
  return known.map((scale) => makeCell({ model: id, kind, sampler: 'euler', guidance: scale, steps }, 'asked', reflection, distilledFrom ?? 'euler'));
}

/** @param strategy whose first-order scale the pictures have; a student's is what it was taught */
function makeCell(choice: CellChoice, purpose: EvaluationCell['purpose'], reflection: Reflection, strategy = choice.sampler): EvaluationCell {
  return { key: cellKey(choice), purpose, ...choice, effectiveGuidance: effectiveScale(strategy, choice.guidance, reflection) };
}

function teacherOf(cell: EvaluationCell, models: readonly ModelInfo[]): string | null {
  if (cell.kind === 'teacher') return cell.model;
  const id = models.find((model) => model.id === cell.model)?.teacher;
  return models.some((model) => model.id === id && model.problem === null) ? id! : null;
}

const unique = <T>(items: readonly T[]): T[] => [...new Set(items)];

const uniqueBy = <T>(items: readonly T[], key: (item: T) => string): T[] => [...new Map(items.map((item) => [key(item), item])).values()];
