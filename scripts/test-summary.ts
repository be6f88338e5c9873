// Puts the outcomes of all stages into one text: what failed, what was skipped and why, and the counts as the last line.
import type { Outcome } from './count-reporter.ts';

export function merge(outcomes: readonly Outcome[]): Outcome {
  return {
    passed: outcomes.reduce((sum, outcome) => sum + outcome.passed, 0),
    failed: outcomes.flatMap((outcome) => outcome.failed),
    skipped: outcomes.flatMap((outcome) => outcome.skipped),
  };
}

export function summary(outcome: Outcome): string {
  const lines: string[] = [];
  if (outcome.failed.length > 0) lines.push('Failed:', ...outcome.failed.map((name) => `  ✗ ${name}`), '');
  if (outcome.skipped.length > 0) lines.push('Skipped:', ...outcome.skipped.map(({ name, reason }) => `  – ${name}: ${reason}`), '');
  lines.push(`${outcome.passed} passed, ${outcome.failed.length} failed, ${outcome.skipped.length} skipped`);
  return lines.join('\n');
}
