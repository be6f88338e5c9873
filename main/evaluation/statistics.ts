// Estimates with 95 % intervals, and how two curves go together. Pure: the same numbers give the same intervals, for every bootstrap
// starts from the same seed. Knows nothing of pictures.
import type { Interval, Share } from '../contract/evaluation.ts';
import { createRng } from '../storybook/rng.ts';

const seed = 95;
/** Of the normal distribution: 95 % lie within so many deviations. */
export const deviations95 = 1.959963984540054;

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Mean by percentile bootstrap.
 * @throws RangeError for no values
 */
export function meanInterval(values: readonly number[], resamples: number): Interval {
  return stratifiedMean([values], resamples);
}

/**
 * Share of `asked` that is right, by Wilson's score interval (1927). It holds for small numbers, and near 0 and 1, where a
 * bootstrap of equal outcomes has no width at all.
 * @throws RangeError when nothing was asked
 */
export function wilson(right: number, asked: number): Share {
  if (!(asked > 0)) throw new RangeError('A share of nothing has no value.');
  const share = right / asked;
  const z2 = deviations95 ** 2;
  const middle = (share + z2 / (2 * asked)) / (1 + z2 / asked);
  const half = (deviations95 / (1 + z2 / asked)) * Math.sqrt((share * (1 - share)) / asked + z2 / (4 * asked * asked));
  // At 0 and 1 rounding must not push the bound past the share itself.
  return { value: share, low: Math.max(0, Math.min(share, middle - half)), high: Math.min(1, Math.max(share, middle + half)), right, asked };
}

/** The same for a list of outcomes; null when it is empty. */
export function shareOf(outcomes: readonly boolean[]): Share | null {
  return outcomes.length === 0 ? null : wilson(outcomes.filter(Boolean).length, outcomes.length);
}

/** One prompt and seed drawn by two cells. */
export interface Pair {
  readonly a: number;
  readonly b: number;
  /** Pairs of one stratum stand for each other in a resample: pictures of one object, of two, of other worlds. */
  readonly stratum: number;
}

/**
 * Mean of `b` minus `a` by paired bootstrap: pairs are drawn, never single values, and each stratum keeps its number of pairs.
 * @returns null for no pairs
 */
export function pairedDifference(pairs: readonly Pair[], resamples: number): Interval | null {
  if (pairs.length === 0) return null;
  // In the order of their numbers, not of appearance: the order of pictures must not change the interval.
  const strata = [...Map.groupBy(pairs, ({ stratum }) => stratum)].sort(([x], [y]) => x - y);
  return stratifiedMean(strata.map(([, alike]) => alike.map(({ a, b }) => b - a)), resamples);
}

function stratifiedMean(strata: readonly (readonly number[])[], resamples: number): Interval {
  const all = strata.flat();
  if (all.length === 0) throw new RangeError('No values have no mean.');
  const value = mean(all);
  const sorted = strata.map((values) => Float64Array.from(values).sort());
  const rng = createRng(seed);
  const means = Float64Array.from({ length: resamples }, () => {
    let sum = 0;
    for (const values of sorted) for (let i = 0; i < values.length; i++) sum += values[rng.below(values.length)]!;
    return sum / all.length;
  }).sort();
  // Rounding in another order of summation must not push a bound past the mean.
  return { value, low: Math.min(value, quantile(means, 0.025)), high: Math.max(value, quantile(means, 0.975)) };
}

/**
 * Of sorted values, interpolated between neighbours.
 * @throws RangeError for no values
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) throw new RangeError('No values have no quantile.');
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (at - below) * (high - low);
}

/**
 * Median with the interval between two order statistics, which needs no assumption on the distribution: how many of n values lie
 * below the true median is binomial with 1/2. With less than 6 values 95 % cannot be had, and all of them are the interval.
 * @throws RangeError for no values
 */
export function medianInterval(values: readonly number[]): Interval {
  const sorted = Float64Array.from(values).sort();
  const outside = Math.max(0, binomialBelow(sorted.length, 0.025) - 1);
  return { value: quantile(sorted, 0.5), low: sorted[outside]!, high: sorted[sorted.length - 1 - outside]! };
}

/** The largest k for which at most k − 1 heads in n throws of a coin are no likelier than `tail`; 0 when there is none. */
function binomialBelow(n: number, tail: number): number {
  // In logarithms: 2⁻ⁿ is too small a number from n = 1075 on.
  let log = -n * Math.LN2;
  let sum = 0;
  for (let k = 0; k <= n; k++) {
    sum += Math.exp(log);
    if (sum > tail) return k;
    log += Math.log((n - k) / (k + 1));
  }
  return n;
}

/** Pearson's correlation; null for less than two points, or where one of the curves is flat. */
export function correlation(xs: readonly number[], ys: readonly number[]): number | null {
  if (xs.length !== ys.length) throw new RangeError('Curves of different lengths cannot be compared.');
  if (xs.length < 2) return null;
  const [mx, my] = [mean(xs), mean(ys)];
  const [dx, dy] = [xs.map((x) => x - mx), ys.map((y) => y - my)];
  const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const spread = Math.sqrt(dot(dx, dx) * dot(dy, dy));
  // A flat curve's deviations are rounding, not zero.
  const flat = (d: readonly number[], m: number): boolean => d.every((value) => Math.abs(value) <= 1e-12 * Math.max(1e-12, Math.abs(m)));
  if (spread === 0 || flat(dx, mx) || flat(dy, my)) return null;
  return Math.max(-1, Math.min(1, dot(dx, dy) / spread));
}
