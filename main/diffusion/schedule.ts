// The flow-match Euler schedule, number for number as diffusers computes it, so that the studio's pictures
// can be compared with those of other tools. Pure arithmetic: knows no model and no sampler.
import { StudioError } from '../contract/errors.ts';

const trainTimesteps = 1000;
const { fround } = Math;

/**
 * Noise levels of a run: `steps` values falling from 1, then a final 0 (steps + 1 in all); a network sees t = 1000·σ.
 * `shift` s > 0 maps σ to s·σ/(1+(s−1)·σ); larger shifts spend more steps on the noisy end.
 *
 * Follows FlowMatchEulerDiscreteScheduler: the points run linearly from 1 to σ_min, which is the shifted 1/1000, and each is shifted
 * once more. Single precision is kept where diffusers keeps it.
 * @throws StudioError `invalid-input` for a step count or shift that makes no schedule
 */
export function flowMatchSigmas(steps: number, shift: number): Float32Array {
  if (!Number.isInteger(steps) || steps < 1) throw new StudioError('invalid-input', `A schedule needs one step or more, not ${steps}.`);
  if (!(shift > 0 && Number.isFinite(shift))) throw new StudioError('invalid-input', `The schedule's shift must be a positive number, not ${shift}.`);

  const last = smallestSigma(shift) * trainTimesteps;
  const sigmas = new Float32Array(steps + 1);
  for (let i = 0; i < steps; i++) {
    const timestep = i > 0 && i === steps - 1 ? last : trainTimesteps + i * ((last - trainTimesteps) / (steps - 1 || 1));
    sigmas[i] = shiftSigma(timestep / trainTimesteps, shift);
  }
  return sigmas;
}

/** s·σ/(1+(s−1)·σ) in double precision. */
function shiftSigma(sigma: number, shift: number): number {
  return (shift * sigma) / (1 + (shift - 1) * sigma);
}

/** The shifted 1/1000, computed in single precision because diffusers holds its training sigmas so. */
function smallestSigma(shift: number): number {
  const sigma = fround(1 / trainTimesteps);
  return fround(fround(shift * sigma) / fround(1 + fround((shift - 1) * sigma)));
}
