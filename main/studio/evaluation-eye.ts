// The evaluator's eye, as an evaluation uses it: what is kept of a picture besides its pixels. Runs in the evaluation process.
import type { EvaluatorTrust } from '../contract/evaluation.ts';
import type { Eye } from '../evaluation/real.ts';
import { judgedFacts, seenWords } from '../evaluation/record.ts';
import { judge } from '../storybook/evaluator.ts';
import { features } from '../storybook/features.ts';
import { contrast, saturation } from '../storybook/tone.ts';
import type { Judged, JudgeJob } from './evaluation-messages.ts';

/** How far it can be trusted. Nothing is published yet: of no picture, anything may be right. */
export const trust: EvaluatorTrust = { renders: {}, corruptedMisread: { value: 0, low: 0, high: 1, right: 0, asked: 0 }, labelled: null };

export const eye: Eye = { features, saturation, contrast };

/** Smaller pictures are not looked at: their objects have no shape left. */
const smallestSide = 64;
/** Beyond this a feature says nothing; records are half as long. */
const featureDigits = 1e6;

/** Facts and features are null where the evaluator does not look: at prompts of other worlds, and at pictures that are small or not square. */
export async function judgePicture({ picture: { width, height, rgb }, facts }: JudgeJob): Promise<Judged> {
  const visible = width === height && width >= smallestSide;
  const judgement = visible && facts !== null ? await judge(rgb, width, facts) : null;
  return {
    facts: judgement && judgedFacts(judgement),
    allCorrect: judgement && judgement.allCorrect,
    seen: judgement === null ? '' : seenWords(judgement.reading),
    features: visible ? Array.from(await eye.features(rgb, width), (value) => Math.round(value * featureDigits) / featureDigits) : null,
    saturation: eye.saturation(rgb),
    contrast: eye.contrast(rgb),
  };
}
