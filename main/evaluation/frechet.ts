// The Fréchet distance of two sets of feature vectors, each taken for a Gaussian (Dowson and Landau 1982), as used for generated pictures
// since Heusel et al. 2017. Pure; knows nothing of what the features mean.
import type { Interval } from '../contract/evaluation.ts';
import { createRng } from '../storybook/rng.ts';
import { deviations95, quantile } from './statistics.ts';

/** Below this many vectors on either side a covariance says too little. */
export const leastRows = 32;
/** Enough for a standard error of 7 %, and each one costs two covariances. */
const resamples = 100;
const seed = 95;
/** As a share of the features' median deviation. */
const leastUnit = 0.25;

type Row = ArrayLike<number>;

interface Gaussian {
  readonly mean: Float64Array;
  /** Lower triangle L of the covariance's Cholesky factorisation, row by row: L·Lᵀ is the covariance. */
  readonly factor: Float64Array;
}

/**
 * d² = |μ₁ − μ₂|² + tr(C₁ + C₂ − 2(C₁C₂)^½) with an interval of ±1.96 standard errors, never below 0.
 * - Features are divided by their deviation among the `real` vectors first, so that their units do not weigh; by no less than a quarter of
 *   the median deviation, so that one which hardly varies there does not decide alone.
 * - Both covariances are shrunk towards their diagonals by d/(d + n), d features and n vectors of the smaller set: with few vectors the
 *   correlations between features are mostly chance.
 * - The standard error is the deviation over 100 bootstrap resamples. Where there are as many real as generated vectors, row i of both
 *   belongs to one prompt, and prompts are drawn. The percentiles themselves would be wrong: repeated rows push every resample's
 *   distance up, as few rows do the distance itself. So compare only distances from equally many pictures.
 * @param generated n₁ rows of d numbers
 * @param real n₂ rows of d numbers
 * @returns null below 32 rows on either side
 * @throws RangeError when rows differ in length or hold something that is not a finite number
 */
export function frechetInterval(generated: readonly Row[], real: readonly Row[]): Interval | null {
  if (Math.min(generated.length, real.length) < leastRows) return null;
  const size = real[0]!.length;
  const units = unitsOf(check(real, size), size);
  const [ours, theirs] = [scaled(check(generated, size), units), scaled(real, units)];
  const value = distance(ours, theirs);
  const rng = createRng(seed);
  const drawn = Array.from({ length: resamples }, () => {
    const mine = draw(ours.length, () => rng.below(ours.length));
    const paired = ours.length === theirs.length;
    return distance(ours, theirs, mine, paired ? mine : draw(theirs.length, () => rng.below(theirs.length)));
  });
  const middle = drawn.reduce((sum, x) => sum + x, 0) / resamples;
  const half = deviations95 * Math.sqrt(drawn.reduce((sum, x) => sum + (x - middle) ** 2, 0) / (resamples - 1));
  return { value, low: Math.max(0, value - half), high: value + half };
}

/** The distance alone, of rows as they are. @returns d², not its root */
export function frechetDistance(a: readonly Row[], b: readonly Row[]): number {
  const size = a[0]?.length ?? 0;
  const unit = new Float64Array(size).fill(1);
  return distance(scaled(check(a, size), unit), scaled(check(b, size), unit));
}

/** How often each row was drawn. */
function draw(count: number, next: () => number): Float64Array {
  const times = new Float64Array(count);
  for (let i = 0; i < count; i++) times[next()]! += 1;
  return times;
}

function distance(a: readonly Float64Array[], b: readonly Float64Array[], timesA?: Float64Array, timesB?: Float64Array): number {
  const size = a[0]!.length;
  const shrinkage = size / (size + Math.min(a.length, b.length));
  const [p, q] = [fit(a, size, shrinkage, timesA), fit(b, size, shrinkage, timesB)];
  let squares = 0;
  for (let i = 0; i < size; i++) squares += (p.mean[i]! - q.mean[i]!) ** 2;
  // tr(C) = Σ L², and (C₁C₂)^½ has the trace of the singular values of L₁ᵀL₂.
  let traces = 0;
  for (let i = 0; i < p.factor.length; i++) traces += p.factor[i]! ** 2 + q.factor[i]! ** 2;
  return Math.max(0, squares + traces - 2 * singularValueSum(transposedProduct(p.factor, q.factor, size), size));
}

/** Mean and shrunk covariance of rows that count `times` each. */
function fit(rows: readonly Float64Array[], size: number, shrinkage: number, times?: Float64Array): Gaussian {
  const mean = new Float64Array(size);
  for (const [r, row] of rows.entries()) for (let i = 0; i < size; i++) mean[i]! += (times ? times[r]! : 1) * row[i]!;
  for (let i = 0; i < size; i++) mean[i]! /= rows.length;
  const covariance = new Float64Array(size * size);
  const centred = new Float64Array(size);
  for (const [r, row] of rows.entries()) {
    const weight = times ? times[r]! : 1;
    if (weight === 0) continue;
    for (let i = 0; i < size; i++) centred[i] = row[i]! - mean[i]!;
    for (let i = 0; i < size; i++) {
      const value = weight * centred[i]!;
      for (let j = 0; j <= i; j++) covariance[i * size + j]! += value * centred[j]!;
    }
  }
  for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) covariance[i * size + j]! *= (i === j ? 1 : 1 - shrinkage) / (rows.length - 1);
  return { mean, factor: cholesky(covariance, size) };
}

/** In place, of a lower triangle; a direction without variance gets a column of zeros. */
function cholesky(matrix: Float64Array, size: number): Float64Array {
  for (let j = 0; j < size; j++) {
    const before = matrix[j * size + j]!;
    let pivot = before;
    for (let k = 0; k < j; k++) pivot -= matrix[j * size + k]! ** 2;
    // What is left of a variance after subtraction is rounding when it is this small a part of it.
    const root = pivot > 1e-12 * before ? Math.sqrt(pivot) : 0;
    matrix[j * size + j] = root;
    for (let i = j + 1; i < size; i++) {
      let sum = matrix[i * size + j]!;
      for (let k = 0; k < j; k++) sum -= matrix[i * size + k]! * matrix[j * size + k]!;
      matrix[i * size + j] = root === 0 ? 0 : sum / root;
    }
  }
  return matrix;
}

/** PᵀQ of two lower triangles; returned column by column, as the rotations below want it. */
function transposedProduct(p: Float64Array, q: Float64Array, size: number): Float64Array {
  const product = new Float64Array(size * size);
  for (let k = 0; k < size; k++) {
    for (let j = 0; j <= k; j++) {
      const value = q[k * size + j]!;
      for (let i = 0; i <= k; i++) product[j * size + i]! += p[k * size + i]! * value;
    }
  }
  return product;
}

/**
 * Sum of the singular values of a square matrix, by one-sided Jacobi rotations (Hestenes 1958): columns are turned against each
 * other until all are orthogonal; then their lengths are the singular values.
 */
function singularValueSum(columns: Float64Array, size: number): number {
  const smallest = 1e-12;
  for (let sweep = 0, turned = true; turned && sweep < 60; sweep++) {
    turned = false;
    for (let p = 0; p < size - 1; p++) {
      for (let q = p + 1; q < size; q++) {
        let [pp, qq, pq] = [0, 0, 0];
        for (let i = 0; i < size; i++) {
          const [x, y] = [columns[p * size + i]!, columns[q * size + i]!];
          pp += x * x;
          qq += y * y;
          pq += x * y;
        }
        if (Math.abs(pq) <= smallest * Math.sqrt(pp * qq)) continue;
        turned = true;
        const zeta = (qq - pp) / (2 * pq);
        const tangent = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        const cosine = 1 / Math.sqrt(1 + tangent * tangent);
        const sine = cosine * tangent;
        for (let i = 0; i < size; i++) {
          const [x, y] = [columns[p * size + i]!, columns[q * size + i]!];
          columns[p * size + i] = cosine * x - sine * y;
          columns[q * size + i] = sine * x + cosine * y;
        }
      }
    }
  }
  let sum = 0;
  for (let p = 0; p < size; p++) {
    let squares = 0;
    for (let i = 0; i < size; i++) squares += columns[p * size + i]! ** 2;
    sum += Math.sqrt(squares);
  }
  return sum;
}

/** What each feature is divided by. */
function unitsOf(rows: readonly Row[], size: number): Float64Array {
  const deviations = Float64Array.from({ length: size }, (_, i) => {
    const mean = rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length;
    return Math.sqrt(rows.reduce((sum, row) => sum + (row[i]! - mean) ** 2, 0) / (rows.length - 1));
  });
  const least = quantile(deviations.toSorted(), 0.5) * leastUnit;
  return deviations.map((deviation) => (deviation === 0 && least === 0 ? 1 : Math.max(deviation, least)));
}

function scaled(rows: readonly Row[], units: Float64Array): Float64Array[] {
  return rows.map((row) => Float64Array.from(units, (unit, i) => row[i]! / unit));
}

function check(rows: readonly Row[], size: number): readonly Row[] {
  for (const row of rows) {
    if (row.length !== size) throw new RangeError(`Feature vectors of ${row.length} and ${size} numbers cannot be compared.`);
    for (let i = 0; i < size; i++) if (!Number.isFinite(row[i])) throw new RangeError('A feature is not a finite number.');
  }
  return rows;
}
