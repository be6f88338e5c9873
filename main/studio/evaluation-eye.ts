// The evaluator's eye, as an evaluation uses it: what is kept of a picture besides its pixels. Runs in the evaluation process.
import published from '../../resources/evaluator/trust.json' with { type: 'json' };
import { EvaluatorTrust } from '../contract/evaluation.ts';
import type { Eye } from '../evaluation/real.ts';
import { judgedFacts, seenWords } from '../evaluation/record.ts';
import { compare, evaluatorVersion, look, readSight } from '../storybook/evaluator.ts';
import { features, featuresOf } from '../storybook/features.ts';
import { contrast, saturation } from '../storybook/tone.ts';
import type { Judged, JudgeJob } from './evaluation-messages.ts';

/** How far it can be trusted, as it was measured and published; said beside every result. */
export const trust = EvaluatorTrust.parse(published);

export const eye: Eye = { features, saturation, contrast };

/** Smaller pictures are not looked at: their objects have no shape left. */
const smallestSide = 64;
/** Beyond this a feature says nothing; records are half as long. */
const featureDigits = 1e6;

/** Facts and features are null where the evaluator does not look: at prompts of other worlds, and at pictures that are small or not square. */
export async function judgePicture({ picture: { width, height, rgb }, facts }: JudgeJob): Promise<Judged> {
  const visible = width === height && width >= smallestSide;
  // One look, which is nearly all of the work, serves the facts and the features.
  const sight = visible ? await look(rgb, width) : null;
  const judgement = sight !== null && facts !== null ? compare(facts, readSight(sight)) : null;
  return {
    evaluatorVersion,
    facts: judgement && judgedFacts(judgement),
    allCorrect: judgement && judgement.allCorrect,
    seen: judgement === null ? '' : seenWords(judgement.reading),
    features: sight && Array.from(featuresOf(sight), (value) => Math.round(value * featureDigits) / featureDigits),
    saturation: eye.saturation(rgb),
    contrast: eye.contrast(rgb),
  };
}
