// A Vitest reporter that hands the run's outcome to scripts/test.ts: counts, and the name and reason of every skipped test.
import { writeFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

export interface Outcome {
  passed: number;
  /** Names; a file that could not be loaded counts as one failure. */
  failed: string[];
  skipped: { name: string; reason: string }[];
}

/** Reads the outcome off finished modules. Every skipped test is named, also one that gives no reason of its own. */
export function countOutcome(modules: readonly TestModule[], errors: readonly Pick<SerializedError, 'message'>[]): Outcome {
  const outcome: Outcome = { passed: 0, failed: [], skipped: [] };
  for (const module of modules) {
    if (module.errors().length > 0) outcome.failed.push(module.relativeModuleId);
    for (const test of module.children.allTests()) {
      const name = `${module.relativeModuleId} > ${test.fullName}`;
      const result = test.result();
      if (result.state === 'passed') outcome.passed += 1;
      else if (result.state === 'failed') outcome.failed.push(name);
      else outcome.skipped.push({ name, reason: ('note' in result ? result.note : undefined) ?? 'its condition does not hold on this machine' });
    }
  }
  for (const error of errors) outcome.failed.push(`unhandled error: ${error.message}`);
  return outcome;
}

export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const path = process.env['TEEFUSION_TEST_OUTCOME'];
    if (path !== undefined) writeFileSync(path, JSON.stringify(countOutcome(modules, errors)));
  }
}
