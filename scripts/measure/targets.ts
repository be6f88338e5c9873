// The targets that the project set itself, each with what evaluations measured and whether that meets it. Pure, over reports;
// a target that no report can speak of is left out.
import type { CellResult, EvaluationReport, JudgedFact, PairedDifference } from '../../main/contract/evaluation.ts';
import { expectedPace, keepsPace } from '../../main/evaluation/differences.ts';
import { judgedScales, sliderAt } from '../../main/evaluation/slider.ts';
import { sliderVerdict, timeRatio } from '../../main/evaluation/tables.ts';
import { percent, share, signed, yesNo } from '../../main/evaluation/words.ts';

export interface Target {
  readonly what: string;
  readonly wanted: string;
  readonly measured: string;
  /** null: there is nothing to meet, or too little was measured. */
  readonly met: boolean | null;
}

/** Of the teacher, at the scale where most of its pictures are right. */
const wantedShares = { one: 0.85, two: 0.65, fact: 0.93 };
const wantedFacts: readonly JudgedFact[] = ['kind', 'colour', 'place'];
/** Of a student's all-facts share after its own teacher's, and over how many pairs at least. */
const wantedDifference = -0.02;
const wantedPairs = 1000;
const headlineScales: readonly number[] = [3, 5, 7];
const wantedLabels = 0.95;
const wantedRenders = 0.99;

export function targetsOf(reports: readonly EvaluationReport[]): Target[] {
  return [...teacherTargets(reports), ...studentTargets(reports), ...evaluatorTargets(reports)];
}

/** Of teachers that were drawn with the most steps; of reports of equally many the one with the most pictures. */
function teacherTargets(reports: readonly EvaluationReport[]): Target[] {
  const cells = reports.flatMap((report) => report.cells).filter(({ kind, purpose, sampler, adherence }) => kind === 'teacher' && purpose === 'asked' && sampler === 'euler' && adherence.all !== null);
  return [...Map.groupBy(cells, ({ model }) => model)].flatMap(([model, own]) => {
    const steps = Math.max(...own.map((cell) => cell.steps));
    const longest = own.filter((cell) => cell.steps === steps);
    const count = Math.max(...longest.map((cell) => cell.count));
    const best = longest.filter((cell) => cell.count === count).reduce((a, b) => (right(b) > right(a) ? b : a));
    const at = `${model}, guidance ${best.guidance} (its best of ${longest.filter((cell) => cell.count === count).map((cell) => cell.guidance).join(', ')}), ${steps} steps, ${count} prompts`;
    const reached = (what: string, group: CellResult['adherence']['one'], fact: JudgedFact | null, wanted: number): Target[] => {
      const found = fact === null ? group?.all : group?.facts[fact];
      return found === undefined ? [] : [{ what: `${what}; ${at}`, wanted: `≥ ${percent(wanted, 0)}`, measured: share(found), met: found.value >= wanted }];
    };
    return [
      ...reached('every fact right, one object', best.adherence.one, null, wantedShares.one),
      ...reached('every fact right, two objects', best.adherence.two, null, wantedShares.two),
      ...wantedFacts.flatMap((fact) => reached(fact === 'kind' ? 'object' : fact, best.adherence.all, fact, wantedShares.fact)),
    ];
  });
}

const right = (cell: CellResult): number => cell.adherence.all!.all.value;

interface Taught {
  readonly student: CellResult;
  /** From its own teacher at the same scale and steps. */
  readonly difference: PairedDifference;
}

/** What two reports say of the same two cells is told once, by the one with more pairs. */
function studentTargets(reports: readonly EvaluationReport[]): Target[] {
  const taught = most(reports.flatMap(taughtIn), ({ difference: { a, b } }) => `${a} ${b}`, ({ difference }) => difference.pairs);
  const lowest = Math.min(...taught.map(({ student }) => student.guidance));
  const compared = taught.filter(({ student: { guidance }, difference: { all } }) => all !== null && (headlineScales.includes(guidance) || guidance === lowest));
  const sliders = reports.flatMap(({ sliders: all, cells }) => all.map((slider) => ({ slider, prompts: cells[0]!.count, judged: sliderAt(slider, judgedScales) })));
  return [
    ...compared.map(differenceTarget),
    ...taught.flatMap(paceTarget),
    ...most(sliders, ({ slider }) => slider.student, ({ prompts, judged }) => (judged === null ? 0 : prompts)).map(({ slider, prompts, judged }): Target => ({
      what: `${slider.student} is nearest to ${slider.teacher} at its own scale (${(judged ?? slider).guidance.join(', ')}; ${prompts} prompts)`, wanted: 'minima on the diagonal',
      measured: sliderVerdict(slider), met: judged?.diagonal ?? null,
    })),
  ];
}

function taughtIn({ cells, differences }: EvaluationReport): Taught[] {
  const byKey = new Map(cells.map((cell) => [cell.key, cell]));
  return differences.flatMap((difference): Taught[] => {
    const [teacher, student] = [byKey.get(difference.a)!, byKey.get(difference.b)!];
    const own = student.kind === 'student' && teacher.kind === 'teacher' && teacher.purpose === 'asked' && teacher.steps === student.steps && teacher.guidance === student.guidance;
    return own ? [{ student, difference }] : [];
  });
}

/** Of the items with the same key the one that counts most, at the place of the first. */
function most<T>(items: readonly T[], key: (item: T) => string, weight: (item: T) => number): T[] {
  return [...Map.groupBy(items, key).values()].map((alike) => alike.reduce((a, b) => (weight(b) > weight(a) ? b : a)));
}

function differenceTarget({ student: { model, guidance, steps }, difference: { a, pairs, all } }: Taught): Target {
  return {
    what: `${model} − ${a}, all facts, guidance ${guidance}, ${steps} steps, ${pairs} pairs`, wanted: `≥ ${100 * wantedDifference} points, ${wantedPairs} pairs`.replace('-', '−'),
    measured: `${signed(all, 1, 100)} points`, met: pairs < wantedPairs ? null : all!.value >= wantedDifference,
  };
}

function paceTarget({ student: { model, guidance }, difference }: Taught): Target[] {
  const met = keepsPace(difference);
  if (met === null) return [];
  const { a, nfeRatio } = difference;
  return [{
    what: `time of ${a} over ${model}, guidance ${guidance}`, wanted: `≥ ${(expectedPace * nfeRatio).toFixed(2)} = ${expectedPace} × NFE ratio ${nfeRatio.toFixed(2)}`, measured: timeRatio(difference), met,
  }];
}

/** The evaluator's own, as the newest of the reports says them. */
function evaluatorTargets(reports: readonly EvaluationReport[]): Target[] {
  const newest = reports.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1))[0];
  if (newest === undefined) return [];
  const { renders, corruptedMisread, labelled } = newest.evaluator;
  return [
    ...Object.entries(renders).map(([fact, found]): Target => ({ what: `evaluator, ${fact} on held-out renders`, wanted: `≥ ${percent(wantedRenders, 0)}`, measured: `${share(found)} of ${found.asked}`, met: found.value >= wantedRenders })),
    { what: 'evaluator, an object named wrongly on corrupted renders', wanted: '–', measured: `${share(corruptedMisread)} of ${corruptedMisread.asked}`, met: null },
    ...(labelled === null ? [] : [{ what: 'evaluator, agreement with labels of generated pictures', wanted: `≥ ${percent(wantedLabels, 0)}`, measured: `${share(labelled)} of ${labelled.asked}`, met: labelled.value >= wantedLabels }]),
  ];
}

/** For a table: what, wanted, measured, met. */
export const targetRow = ({ what, wanted, measured, met }: Target): string[] => [what, wanted, measured, met === null ? '–' : yesNo(met)];
