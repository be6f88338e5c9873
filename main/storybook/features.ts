// A picture as a few dozen numbers that the evaluator's eye measures, for distances between sets of pictures. No network weights:
// the distance of a generator to real renders cannot flatter one that was trained like them. Knows no prompts and no thresholds.
import { cells, grid } from './sight/grid.ts';
import { workSize, type Lab } from './sight/lab.ts';
import { look, type Sight, type Sighting } from './sight/look.ts';

/** Numbers in a vector. */
export const featureCount = 5 * cells + 4 + 2 * 5;

/**
 * Measures of a picture: for each of 3 × 3 cells the means of Oklab L, a and b and the deviations of L and of chroma; over the whole
 * picture the mean steepness of L and its share that is steep, and how much of it agrees with the best background, by how much
 * beyond a quarter; for the two best matches how much they explain, by how far they lead, and place and radius, all weighted
 * with what they explain so that a match fades in rather than jumps in.
 * @param rgb size·size·3 bytes, rows from the top
 * @returns `featureCount` finite numbers, each of the order of 1 or less
 * @throws StudioError `invalid-input` when the bytes do not fit the size
 */
export async function features(rgb: Uint8Array, size: number): Promise<Float64Array> {
  return featuresOf(await look(rgb, size));
}

/** The same of a picture that was looked at already. */
export function featuresOf({ picture, backdrop, sightings }: Sight): Float64Array {
  const share = backdrop?.share ?? 0;
  return Float64Array.from([
    ...grid(picture), ...steepness(picture), share, Math.max(0, share - 0.25),
    ...ofSighting(sightings[0]), ...ofSighting(sightings[1]),
  ]);
}

function ofSighting(sighting: Sighting | undefined): number[] {
  if (sighting === undefined) return [0, 0, 0, 0, 0];
  const { match: { x, y, radius }, evidence: { explained, kindLead } } = sighting;
  const weight = Math.max(0, Math.min(1, explained));
  return [weight, weight * kindLead, weight * (x / workSize - 0.5), weight * (y / workSize - 0.5), weight * (radius / workSize)];
}

/** Mean length of the gradient of L, ten times it for its size, and the share of pixels beyond 0.1, faded in from 0.05 to 0.15. */
function steepness(picture: Lab): [number, number] {
  let [sum, steep] = [0, 0];
  const count = (workSize - 1) ** 2;
  for (let y = 0; y + 1 < workSize; y += 1) {
    for (let x = 0; x + 1 < workSize; x += 1) {
      const at = (y * workSize + x) * 3;
      const slope = Math.hypot(picture[at + 3]! - picture[at]!, picture[at + workSize * 3]! - picture[at]!);
      sum += slope;
      steep += Math.max(0, Math.min(1, (slope - 0.05) / 0.1));
    }
  }
  return [(10 * sum) / count, steep / count];
}
