// Which cells an evaluation sets against each other, and by how much they differ over the same prompts and seeds.
// Pure, over judged records.
import type { EvaluateRequest, EvaluationCell, Interval, PairedDifference } from '../contract/evaluation.ts';
import type { ModelInfo } from '../contract/schemas.ts';
import { controlsOf, ownTeacherKey, type CountPasses } from './cells.ts';
import type { PictureRecord } from './record.ts';
import { medianInterval, pairedDifference, type Pair } from './statistics.ts';

/**
 * Pairs of keys, the second being the one that is to show what it is worth: a student after its own teacher, after its controls, and,
 * where it is a TeEFusion student, after those of other kinds that learned the same; a reflecting teacher after plain guidance at its effective scale.
 */
export function cellPairs(
  cells: readonly EvaluationCell[], request: Pick<EvaluateRequest, 'reflection'>, models: readonly ModelInfo[], passes: CountPasses,
): [string, string][] {
  const keys = new Set(cells.map(({ key }) => key));
  const info = new Map(models.map((model) => [model.id, model]));
  const pairs = cells.filter(({ purpose }) => purpose === 'asked').flatMap((cell) => {
    const model = info.get(cell.model);
    const own = model === undefined ? null : ownTeacherKey(cell, model);
    const controls = controlsOf(cell, request, models, passes).map(({ key }) => key);
    const baselines = model?.guidanceKind !== 'teefusion' ? [] : cells.filter((other) => {
      const rival = info.get(other.model);
      return rival?.kind === 'student' && rival.guidanceKind !== 'teefusion' && rival.teacher === model.teacher && rival.distilledFrom === model.distilledFrom
        && other.guidance === cell.guidance && other.steps === cell.steps;
    }).map(({ key }) => key);
    return [...(own === null ? [] : [own]), ...controls, ...baselines].map((key): [string, string] => [key, cell.key]);
  });
  const there = pairs.filter(([a, b]) => a !== b && keys.has(a) && keys.has(b));
  return [...new Map(there.map((pair) => [pair.join(' '), pair])).values()];
}

/**
 * @param a records of the first cell, by prompt
 * @param b records of the second, the same prompts in the same order; at least one
 * @param metrics ids of scores that all of them have
 */
export function differenceOf(a: readonly PictureRecord[], b: readonly PictureRecord[], metrics: readonly string[], resamples: number): PairedDifference {
  const between = (value: (record: PictureRecord) => number | null, objects?: 1 | 2): Interval | null => {
    const pairs = a.flatMap((first, i): Pair[] => {
      const [x, y] = [value(first), value(b[i]!)];
      if (x === null || y === null || (objects !== undefined && first.objects !== objects)) return [];
      return [{ a: x, b: y, stratum: first.objects ?? 0 }];
    });
    return pairedDifference(pairs, resamples);
  };
  const right = ({ allCorrect }: PictureRecord): number | null => (allCorrect === null ? null : Number(allCorrect));
  const medianPasses = (records: readonly PictureRecord[]): number => medianInterval(records.map(({ nfe }) => nfe)).value;
  // Pair by pair: the two pictures were drawn within a second, so that what else goes on in the machine falls on both.
  const { value: timeRatio, ...timeRange } = medianInterval(a.map(({ ms }, i) => ms / b[i]!.ms));
  return {
    a: a[0]!.cell,
    b: b[0]!.cell,
    pairs: a.length,
    all: between(right),
    one: between(right, 1),
    two: between(right, 2),
    scores: Object.fromEntries(metrics.map((id) => [id, between(({ scores }) => scores[id] ?? null)!])),
    timeRatio,
    timeRange,
    nfeRatio: medianPasses(a) / medianPasses(b),
  };
}

/** Share of the ratio of passes that a ratio of times is to reach. */
export const expectedPace = 0.75;

/** Whether fewer passes pay off in time as they should; null where both cost equally many passes and there is nothing to gain. */
export function keepsPace({ timeRatio, nfeRatio }: Pick<PairedDifference, 'timeRatio' | 'nfeRatio'>): boolean | null {
  return nfeRatio <= 1 ? null : timeRatio >= expectedPace * nfeRatio;
}
