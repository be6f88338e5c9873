import { describe, expect, it } from 'vitest';
import type { Reading } from '../storybook/evaluator.ts';
import { judgedFacts, seenWords } from './record.ts';

const where = { x: 0.5, y: 0.5, radius: 0.2, confidence: 1 };
const ball = { kind: 'ball', colour: 'red', size: 'big', place: 'left', ...where } as const;
const house = { kind: 'house', colour: 'blue', size: 'medium', place: null, ...where } as const;

describe('seenWords', () => {
  it.each<[Reading, string]>([
    [{ background: 'grass', objects: [ball], relation: null }, 'big red ball, left, on grass'],
    [{ background: 'grass', objects: [{ ...ball, place: null }, house], relation: 'left of' }, 'big red ball left of blue house, on grass'],
    [{ background: null, objects: [{ ...house, kind: null, colour: null, place: 'center' }], relation: null }, '? ?, on ?'],
    [{ background: 'sea', objects: [], relation: null }, 'nothing, on sea'],
  ])('%j', (reading, words) => expect(seenWords(reading)).toBe(words));
});

it('judgedFacts leaves out what was not stated', () => {
  const perFact = { background: true, count: false, kind: true, colour: null, size: null, place: null, relation: null };
  expect(judgedFacts({ perFact, allCorrect: false, reading: { background: null, objects: [], relation: null } }))
    .toEqual({ background: true, count: false, kind: true });
});
