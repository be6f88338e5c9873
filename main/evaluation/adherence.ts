// How often pictures show what their prompts state, fact by fact. Pure, over judged records.
import type { Adherence } from '../contract/evaluation.ts';
import { factNames } from '../storybook/evaluator.ts';
import type { PictureRecord } from './record.ts';
import { shareOf } from './statistics.ts';

/** Shares over the records whose prompts can be read; null when there is none. */
export function adherenceOf(records: readonly PictureRecord[]): Adherence | null {
  const all = shareOf(records.flatMap(({ allCorrect }) => (allCorrect === null ? [] : [allCorrect])));
  if (all === null) return null;
  const facts: Adherence['facts'] = {};
  for (const name of factNames) {
    const share = shareOf(records.flatMap((record) => record.facts?.[name] ?? []));
    if (share !== null) facts[name] = share;
  }
  return { facts, all };
}

/** The same for prompts of one object, of two, and of both. */
export function adherenceByObjects(records: readonly PictureRecord[]): { one: Adherence | null; two: Adherence | null; all: Adherence | null } {
  const group = (count: 1 | 2): Adherence | null => adherenceOf(records.filter(({ objects }) => objects === count));
  return { one: group(1), two: group(2), all: adherenceOf(records) };
}
