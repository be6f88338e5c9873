import { beforeAll, describe, expect, it } from 'vitest';
import type { EvaluationReport } from '../../main/contract/evaluation.ts';
import { exampleReport } from '../../main/evaluation/testing/example.ts';
import { measuredSection, withSection } from './card-section.ts';

const patience = { timeout: 120_000 };
let small: EvaluationReport;
let large: EvaluationReport;
beforeAll(async () => {
  small = await exampleReport({ request: { guidance: [1, 3], count: 4 } });
  large = await exampleReport({ request: { guidance: [3], count: 8 } });
}, 120_000);

describe('the measured part of a card', patience, () => {
  const rows = (section: string | null): string[][] => section!.split('\n').filter((line) => line.startsWith('| ')).map((line) => line.slice(2, -2).split(' | ')).slice(2);

  it('has a row for each scale, of the evaluation with most prompts, a student beside its teacher', () => {
    const section = measuredSection('fast', 'hash-of-fast', [small, large]);
    expect(rows(section).map((row) => [row[0], row[4]])).toEqual([['1', '4'], ['3', '8']]);
    // Wrong are 0, 3 and 6 of the student's 8, 0 and 4 of the teacher's.
    expect(rows(section)[1]![5]).toMatch(/^63 % \(/);
    expect(rows(section)[1]!.at(-1)).toMatch(/^−12\.5 \(/);
    expect(section).toContain('evaluate --models story,fast --guidance 3 ');
    expect(rows(measuredSection('story', 'hash-of-story', [small]))[0]).toHaveLength(8);
  });

  it('is none for a model that was not measured on held-out prompts, and refuses other weights', () => {
    expect(measuredSection('nobody', 'x', [small])).toBeNull();
    expect(measuredSection('fast', 'hash-of-fast', [{ ...small, request: { ...small.request, prompts: 'known' } }])).toBeNull();
    expect(() => measuredSection('fast', 'new', [small])).toThrow('other weights of fast');
  });

  it('takes its place at the end of a card, or where the one before it was', () => {
    const once = withSection('# Name\n\nWords.\n', 'first');
    expect(once).toBe('# Name\n\nWords.\n\n## Measured\n\nfirst\n');
    expect(withSection(once, 'second')).toBe('# Name\n\nWords.\n\n## Measured\n\nsecond\n');
    expect(withSection('# Name\n\n## Measured\n\nold\nlines\n\n## Licence\n\nyes\n', 'new')).toBe('# Name\n\n## Measured\n\nnew\n\n## Licence\n\nyes\n');
    expect(withSection(withSection('# N\n\n## Measured\n\n## Licence\n', 'a'), 'b')).toBe('# N\n\n## Measured\n\nb\n\n## Licence\n');
  });
});
