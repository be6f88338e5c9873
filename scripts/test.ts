// `npm test`: reads the code, runs the unit tests, builds the window and drives it in a real Chromium.
// Every stage runs whatever the earlier ones found; the summary at the end names all that failed or was skipped.
import { merge, summary } from './test-summary.ts';
import { endToEndTests, readCode, unitTests } from './test-stages.ts';

const outcome = merge([await readCode(), await unitTests(), await endToEndTests()]);
process.stdout.write(`\n${summary(outcome)}\n`);
process.exitCode = outcome.failed.length === 0 ? 0 : 1;
