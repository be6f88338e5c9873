// The stages of `npm test` and what each found. A stage never throws: what goes wrong in it is its finding.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Outcome } from './count-reporter.ts';
import { checks, passes } from './checks.ts';
import { ensureChromium } from './chromium.ts';
import { runTool } from './tools.ts';
import { build } from './window-build.ts';

/** Folders whose tests need the built window and a Chromium. */
const endToEnd = ['tests/e2e', 'tests/harness'];

const nothing = (): Outcome => ({ passed: 0, failed: [], skipped: [] });

/** Type checks and lint; each counts as one test. */
export async function readCode(): Promise<Outcome> {
  const outcome = nothing();
  for (const check of checks) {
    announce(check.name);
    if (await passes(check)) outcome.passed += 1;
    else outcome.failed.push(check.name);
  }
  return outcome;
}

/** Runs Vitest and takes its counts from our reporter; a run that ends without them has failed as a whole. */
async function vitest(name: string, args: readonly string[], limitSeconds: number, env: Record<string, string> = {}): Promise<Outcome> {
  announce(name);
  const folder = mkdtempSync(join(tmpdir(), 'teefusion-test-'));
  const report = join(folder, 'outcome.json');
  const reporters = ['--reporter=default', '--reporter=./scripts/count-reporter.ts'];
  try {
    const ended = await runTool('vitest', ['run', ...reporters, ...args], {
      limitSeconds,
      env: { ...env, TEEFUSION_TEST_OUTCOME: report },
    });
    if (ended.timedOut) return { ...nothing(), failed: [`${name}: not finished after ${limitSeconds} s`] };
    const outcome = JSON.parse(readFileSync(report, 'utf8')) as Outcome;
    if (ended.code !== 0 && outcome.failed.length === 0) outcome.failed.push(`${name}: exit code ${ended.code}`);
    return outcome;
  } catch (error) {
    return { ...nothing(), failed: [`${name}: no result (${error instanceof Error ? error.message : String(error)})`] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function unitTests(): Promise<Outcome> {
  return vitest('unit tests', endToEnd.flatMap((folder) => ['--exclude', `${folder}/**`]), 720);
}

/** Builds the window and drives it in a real Chromium. */
export async function endToEndTests(): Promise<Outcome> {
  announce('build of the window');
  if (!(await build())) {
    return { passed: 0, failed: ['build of the window'], skipped: [{ name: 'end to end', reason: 'the window could not be built' }] };
  }
  const chromium = await ensureChromium();
  if ('reason' in chromium) {
    return { passed: 1, failed: [], skipped: [{ name: 'end to end', reason: chromium.reason }] };
  }
  const outcome = await vitest('end to end', endToEnd, 480, { TEEFUSION_CHROMIUM: chromium.path });
  return { ...outcome, passed: outcome.passed + 1 };
}

function announce(stage: string): void {
  process.stdout.write(`\n── ${stage}\n`);
}
